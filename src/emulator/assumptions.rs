//! The answers that no document gives: each has a default, a switch for the other answers, and a name
//! that the response carries in `x-emulator-assumption`, so that no test takes a guess for a fact.

/// The response header that names an assumption behind the answer.
pub const HEADER: &str = "x-emulator-assumption";

macro_rules! assumptions {
    ($(
        #[doc = $about:literal]
        $field:ident: $type:ident = $name:literal {
            $default:ident = $default_text:literal $(, $choice:ident = $text:literal)* $(,)?
        }
    )+) => {
        $(
            #[doc = $about]
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
            pub enum $type {
                #[doc = concat!("`", $name, "=", $default_text, "`, the default")]
                #[default]
                $default,
                $(
                    #[doc = concat!("`", $name, "=", $text, "`")]
                    $choice,
                )*
            }

            impl $type {
                /// What the response header and the switch call it.
                pub const NAME: &str = $name;
                const CHOICES: &[(&str, Self)] = &[($default_text, Self::$default) $(, ($text, Self::$choice))*];
            }
        )+

        /// One choice for each question that the documents leave open.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Assumptions {
            $(
                #[doc = $about]
                pub $field: $type,
            )+
        }

        impl Assumptions {
            /// Applies a switch, `NAME=CHOICE`; the error says what is allowed.
            pub fn set(&mut self, switch: &str) -> Result<(), String> {
                let (name, choice) = switch.split_once('=').unwrap_or((switch, ""));
                match name {
                    $($name => self.$field = choose($name, choice, $type::CHOICES)?,)+
                    _ => return Err(format!("no assumption is called `{name}`; there are:\n{}", Self::help())),
                }
                Ok(())
            }

            /// All switches, a line each, the default first.
            pub fn help() -> String {
                [$(format!("{}={}  {}", $name, texts($type::CHOICES), $about.trim())),+].join("\n")
            }
        }
    };
}

assumptions! {
    /// a rule is created whose target exists
    duplicate_rule: DuplicateRule = "duplicate-rule" {
        Error = "error", Replace = "replace", SecondRow = "second-row", Ignore = "ignore",
    }
    /// rules with syncAuto=false in the list of rules
    hidden_rules: HiddenRules = "hidden-rules" { Hide = "hide", Show = "show" }
    /// a repository that holds images is deleted
    delete_repository_with_images: DeleteRepositoryWithImages = "delete-repository-with-images" {
        Refuse = "refuse", Cascade = "cascade",
    }
    /// an organization whose repositories are all empty is deleted
    delete_organization_with_repositories: DeleteOrganizationWithRepositories =
        "delete-organization-with-repositories" { Refuse = "refuse", Cascade = "cascade" }
    /// a repository is created in an organization that does not exist
    missing_organization_on_create: MissingOrganizationOnCreate = "missing-organization-on-create" {
        NotFound = "404", BadRequest = "400",
    }
    /// a rule is deleted that does not exist
    delete_missing_rule: DeleteMissingRule = "delete-missing-rule" { BadRequest = "400", NotFound = "404" }
    /// category or description is not part of an update
    patch_omitted: PatchOmitted = "patch-omitted" { Reset = "reset", Keep = "keep" }
    /// a page of more than 1000 is asked for
    page_limit_over: PageLimitOver = "page-limit-over" { Refuse = "refuse", Clamp = "clamp" }
    /// how the namespace parameter of a list compares
    namespace_filter: NamespaceFilter = "namespace-filter" { Exact = "exact", Substring = "substring" }
    /// the status of a created repository
    create_repository_status: CreateRepositoryStatus = "create-repository-status" { Ok = "200", Created = "201" }
    /// an organization of another account is asked for
    foreign_organization: ForeignOrganization = "foreign-organization" { Forbidden = "403", NotFound = "404" }
}

fn choose<T: Copy>(name: &str, choice: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices.iter().find(|(text, _)| *text == choice).map(|(_, value)| *value);
    found.ok_or_else(|| format!("`{name}` is one of {}", texts(choices)))
}

fn texts<T>(choices: &[(&str, T)]) -> String {
    choices.iter().map(|(text, _)| *text).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_chooses_the_other_answer() {
        let mut assumptions = Assumptions::default();
        assumptions.set("duplicate-rule=second-row").unwrap();
        assert_eq!(assumptions.duplicate_rule, DuplicateRule::SecondRow);
        assert_eq!(assumptions.hidden_rules, HiddenRules::Hide);
    }

    #[test]
    fn an_error_says_what_is_allowed() {
        let mut assumptions = Assumptions::default();
        assert_eq!(
            assumptions.set("duplicate-rule=maybe").unwrap_err(),
            "`duplicate-rule` is one of error|replace|second-row|ignore"
        );
        assert_eq!(assumptions.set("hidden-rules").unwrap_err(), "`hidden-rules` is one of hide|show");
        let unknown = assumptions.set("no-such=1").unwrap_err();
        assert!(unknown.contains("`no-such`") && unknown.contains("patch-omitted=reset|keep"), "{unknown}");
    }

    #[test]
    fn help_has_a_line_for_each() {
        assert_eq!(Assumptions::help().lines().count(), 11);
    }
}
