//! Documents in fewer lines, with nothing left out.

/// How wide a folded object or list may be.
const WIDTH: usize = 160;

/// A list or an object that is not closed yet.
struct Open<'a> {
    head: &'a str,
    items: Vec<String>,
}

/// Indented JSON with each object and list on one line where it fits. The texts stay as they are
/// written, with their escapes.
pub(super) fn json(document: &str) -> String {
    let mut open = vec![Open {
        head: "",
        items: Vec::new(),
    }];
    for line in document.lines() {
        let item = line.trim_start();
        if item.ends_with(['{', '[']) {
            open.push(Open {
                head: line,
                items: Vec::new(),
            });
            continue;
        }
        let item = if item.starts_with(['}', ']']) {
            let Open { head, items } = open.pop().unwrap();
            closed(head, &items, line)
        } else {
            line.to_owned()
        };
        open.last_mut().unwrap().items.push(item);
    }
    let Open { items, .. } = open.pop().unwrap();
    items.join("\n") + "\n"
}

fn closed(head: &str, items: &[String], end: &str) -> String {
    let inner: Vec<&str> = items.iter().map(|item| item.trim_start()).collect();
    let space = if head.ends_with('{') { " " } else { "" };
    let line = format!(
        "{head}{space}{}{space}{}",
        inner.join(" "),
        end.trim_start()
    );
    if line.len() <= WIDTH && !line.contains('\n') {
        return line;
    }
    format!("{head}\n{}\n{end}", items.join("\n"))
}

/// A Markdown page without its text, which has goldens of its own.
pub(super) fn tables(page: &str) -> String {
    let (before, rest) = page.split_once("<details>").unwrap_or((page, ""));
    let (_, after) = rest.split_once("</details>\n").unwrap_or(("", ""));
    format!("{before}{after}")
}

#[test]
fn nothing_is_lost() {
    let document = portolan::plan::document::pretty(&serde_json::json!({
        "short": [1, 2, { "a": [] }], "escaped": "\u{7f} { [ \" ::",
        "long": ["x".repeat(60), "y".repeat(60)],
    }));
    let short = json(&document);
    assert!(short.lines().count() < document.lines().count(), "{short}");
    let values = [&document, &short].map(|text| serde_json::from_str::<serde_json::Value>(text));
    assert_eq!(values[0].as_ref().unwrap(), values[1].as_ref().unwrap());
}
