//! Evaluates the expressions of GitHub's workflows, as far as the examples and the action use them:
//! contexts, texts, `==`, `!=`, `&&`, `||` and `!`. Everything else fails the test.

use serde_json::Value;

/// Looks a path such as `github.event.number` up. It panics about a path that cannot exist.
pub(crate) type Lookup<'a> = &'a dyn Fn(&[&str]) -> Value;

/// Replaces every `${{ ... }}` of a text with its value.
pub(crate) fn fill(text: &str, lookup: Lookup<'_>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let (expression, after) = after.split_once("}}").expect("an expression ends");
        filled.push_str(before);
        filled.push_str(&as_text(&evaluate(expression, lookup)));
        rest = after;
    }
    filled + rest
}

/// Whether an `if` holds, which may be written without `${{ }}`.
pub(crate) fn holds(condition: &str, lookup: Lookup<'_>) -> bool {
    is_true(&evaluate(condition, lookup))
}

fn evaluate(expression: &str, lookup: Lookup<'_>) -> Value {
    let mut parser = Parser {
        tokens: tokens(expression),
        at: 0,
        lookup,
    };
    let value = parser.or();
    assert_eq!(parser.at, parser.tokens.len(), "is not read: {expression}");
    value
}

fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => panic!("an object in a text: {value}"),
    }
}

fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && *value != "" && *value != 0
}

/// Texts keep their first quote, so that they differ from paths.
fn tokens(expression: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if let Some(text) = rest.strip_prefix('\'') {
            text.find('\'').expect("a text ends") + 2
        } else if let Some(operator) = ["==", "!=", "&&", "||", "!", "(", ")"]
            .into_iter()
            .find(|operator| rest.starts_with(operator))
        {
            operator.len()
        } else {
            let is_end = |letter: char| !letter.is_ascii_alphanumeric() && !"._-".contains(letter);
            let length = rest.find(is_end).unwrap_or(rest.len());
            assert_ne!(
                length, 0,
                "no expression begins with `{first}`: {expression}"
            );
            length
        };
        let token = &rest[..length];
        let is_text = token.starts_with('\'');
        tokens.push(token[..length - usize::from(is_text)].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    lookup: Lookup<'a>,
}

impl Parser<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|next| next == token);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Value {
        let mut value = self.and();
        while self.takes("||") {
            let other = self.and();
            if !is_true(&value) {
                value = other;
            }
        }
        value
    }

    fn and(&mut self) -> Value {
        let mut value = self.comparison();
        while self.takes("&&") {
            let other = self.comparison();
            if is_true(&value) {
                value = other;
            }
        }
        value
    }

    fn comparison(&mut self) -> Value {
        let value = self.operand();
        // GitHub compares texts without regard to case.
        let is_equal = |a: &Value, b: &Value| as_text(a).eq_ignore_ascii_case(&as_text(b));
        if self.takes("==") {
            Value::Bool(is_equal(&value, &self.operand()))
        } else if self.takes("!=") {
            Value::Bool(!is_equal(&value, &self.operand()))
        } else {
            value
        }
    }

    fn operand(&mut self) -> Value {
        if self.takes("!") {
            return Value::Bool(!is_true(&self.operand()));
        }
        if self.takes("(") {
            let value = self.or();
            assert!(self.takes(")"), "a bracket is not closed");
            return value;
        }
        let token = self.tokens.get(self.at).expect("an operand").clone();
        self.at += 1;
        if let Some(text) = token.strip_prefix('\'') {
            return Value::from(text);
        }
        let path: Vec<&str> = token.split('.').collect();
        assert!(path.len() > 1, "`{token}` is not a path of a context");
        (self.lookup)(&path)
    }
}

#[test]
fn expressions_have_the_values_of_github() {
    let lookup = |path: &[&str]| match path {
        ["a", "yes"] => Value::from("Yes"),
        ["a", "empty"] => Value::from(""),
        ["a", "null"] => Value::Null,
        ["a", "number"] => Value::from(5),
        _ => panic!("{path:?}"),
    };
    for (text, expected) in [
        ("x-${{ a.yes }}-${{a.number}}", "x-Yes-5"),
        ("${{ a.yes == 'yes' }}", "true"),
        ("${{ a.yes != 'yes' && a.number }}", "false"),
        ("${{ a.empty || a.null || a.number }}", "5"),
        ("${{ a.null }}", ""),
        ("${{ !(a.yes && a.empty) }}", "true"),
        ("${{ a.number == '5' || a.empty }}", "true"),
        ("${{ '' }}", ""),
        ("none", "none"),
    ] {
        assert_eq!(fill(text, &lookup), expected, "{text}");
    }
    for bad in [
        "always()",
        "a.yes a.number",
        "a.b[0]",
        "yes",
        "a.yes >= 'x'",
    ] {
        let evaluated = std::panic::catch_unwind(|| holds(bad, &lookup));
        assert!(evaluated.is_err(), "{bad}");
    }
}
