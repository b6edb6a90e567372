//! Answers that are not documented. Each has a default, a switch for the alternatives, and a name
//! that the response carries in `x-emulator-assumption`, so that a test can tell a guess from a
//! fact.

/// The response header that names the assumption of an answer.
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
                /// Its name in the response header and on the command line.
                pub const NAME: &str = $name;
                const CHOICES: &[(&str, Self)] =
                    &[($default_text, Self::$default) $(, ($text, Self::$choice))*];
            }
        )+

        /// One choice for each question that the documents do not answer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct Assumptions {
            $(
                #[doc = $about]
                pub $field: $type,
            )+
        }

        impl Assumptions {
            /// Applies a switch, `NAME=CHOICE`. The error lists what is allowed.
            pub fn set(&mut self, switch: &str) -> Result<(), String> {
                let (name, choice) = switch.split_once('=').unwrap_or((switch, ""));
                match name {
                    $($name => self.$field = choose($name, choice, $type::CHOICES)?,)+
                    _ => return Err(format!("unknown assumption `{name}`; expected one \
                       of:\n{}", Self::help())),
                }
                Ok(())
            }

            /// All switches, one per line, the default first.
            pub fn help() -> String {
                [$(format!("{}={}  {}", $name, texts($type::CHOICES), $about.trim())),+].join("\n")
            }
        }
    };
}

assumptions! {
    // Only accounts with a limit were seen (section 12).
    /// the quota of organizations of an account without a limit
    missing_quota: MissingQuota = "missing-quota" { MinusOne = "-1", Absent = "absent" }
    // The pages list 400, 401, 404 and 500 for the quotas, and do not say why (section 12).
    /// the quotas and feature gates of a project that is not the region's own
    other_project: OtherProject = "other-project" { BadRequest = "400", Forbidden = "403" }
    // Reported by one source; no page lists a conflict (`swr-api.md`, section 19, row 3).
    /// creating a rule whose target has a rule already
    duplicate_rule: DuplicateRule = "duplicate-rule" {
        Error = "error", Replace = "replace", SecondRow = "second-row", Ignore = "ignore",
    }
    // Reported by one source; the pages say "all tasks" (row 4).
    /// rules with syncAuto=false in the list of rules
    hidden_rules: HiddenRules = "hidden-rules" { Hide = "hide", Show = "show" }
    // Older pages list a 406, the newest do not (row 7).
    /// deleting a repository with images
    delete_repository_with_images: DeleteRepositoryWithImages = "delete-repository-with-images" {
        Refuse = "refuse", Cascade = "cascade",
    }
    // The 406 is documented for images, and one source reports a cascade (row 8).
    /// deleting an organization whose repositories are all empty
    delete_organization_with_repositories: DeleteOrganizationWithRepositories =
        "delete-organization-with-repositories" { Refuse = "refuse", Cascade = "cascade" }
    // The page of the operation lists no 404 (row 19).
    /// creating a repository in an organization that does not exist
    missing_organization_on_create: MissingOrganizationOnCreate = "missing-organization-on-create" {
        NotFound = "404", BadRequest = "400",
    }
    // The page has a 404, Terraform expects a 400 (row 6).
    /// deleting a rule that does not exist
    delete_missing_rule: DeleteMissingRule = "delete-missing-rule" {
       BadRequest = "400", NotFound = "404",
    }
    // Not stated anywhere. The default makes an incomplete update show (row 10).
    /// an update without category or description
    patch_omitted: PatchOmitted = "patch-omitted" { Reset = "reset", Keep = "keep" }
    // The live service may do either (section 18, item 5).
    /// a limit above 1000
    page_limit_over: PageLimitOver = "page-limit-over" { Refuse = "refuse", Clamp = "clamp" }
    // Not documented; Terraform filters the answer again (row 14).
    /// how a list compares its namespace parameter
    namespace_filter: NamespaceFilter = "namespace-filter" {
        Exact = "exact", Substring = "substring",
    }
    // The oldest page has 201, later ones 200 (row 2).
    /// the status of the answer to a new repository
    create_repository_status: CreateRepositoryStatus = "create-repository-status" {
        Created = "201", Ok = "200",
    }
    // The oldest page shows a form, later ones JSON (row 1).
    /// the accepted bodies of a new repository
    create_repository_body: CreateRepositoryBody = "create-repository-body" {
        Either = "json-or-form", Json = "json", Form = "form",
    }
    // The pages have no example of it (section 7.1).
    /// the body of the answer when a rule was created or deleted
    rule_answer: RuleAnswer = "rule-answer" { Empty = "empty", Object = "object" }
    // The code table has both (section 4.3).
    /// access to an organization of another account
    foreign_organization: ForeignOrganization = "foreign-organization" {
        Forbidden = "403", NotFound = "404",
    }
    // Not documented (`swr-next.md`, A12, row 8).
    /// taking a permission from a user who has none
    delete_missing_grant: DeleteMissingGrant = "delete-missing-grant" {
        NotFound = "404", Ignore = "ignore",
    }
    // Not documented (row 9).
    /// granting to several users, of whom one has a permission already
    grant_batch: GrantBatch = "grant-batch" { Atomic = "atomic", Partial = "partial" }
    // A code of the error table fits (row 9).
    /// changing the permission of a user who has none
    patch_missing_grant: PatchMissingGrant = "patch-missing-grant" {
        NotFound = "404", Grant = "grant",
    }
    // A client changes one user and leaves the others out (row 9).
    /// the permissions of users whom a change leaves out
    patch_grants: PatchGrants = "patch-grants" { Partial = "keep", Replace = "remove" }
    // Not documented (row 10).
    /// changing or taking away the permission of an organization's creator
    creator_grant: CreatorGrant = "creator-grant" { Refuse = "refuse", Allow = "allow" }
    // Not documented: what the user has there alone, or may do in all (A3).
    /// the caller's own permission in the list of a repository
    self_auth: SelfAuth = "self-auth" { Effective = "effective", Granted = "granted" }
    // Older tests expect lower case back, newer ones compare exactly (`swr-next.md`, A12, row 6).
    /// the name of an account that a repository is shared with
    share_case: ShareCase = "share-case" { Exact = "exact", Lower = "lower" }
    // The user guide knows whole days only (row 6).
    /// the deadline of a share with a time of day
    share_deadline: ShareDeadline = "share-deadline" { Exact = "exact", Midnight = "midnight" }
    // Not described (row 7).
    /// the shares of a repository that turns public
    shares_of_public: SharesOfPublic = "shares-of-public" { Kept = "kept", Removed = "removed" }
    // The page has the first, Terraform the second (section A2).
    /// reading a share that does not exist
    missing_share: MissingShare = "missing-share" {
        NotExisting = "exist-false", BadRequest = "400",
    }
    // The page lists no 404, and Terraform tolerates nothing else (row 8).
    /// changing or deleting a share that does not exist
    missing_share_write: MissingShareWrite = "missing-share-write" {
        BadRequest = "400", NotFound = "404",
    }
    // One policy per image; the answer is unknown (`swr-next.md`, A12, row 1).
    /// creating a second retention policy
    second_retention: SecondRetention = "second-retention" { Refuse = "refuse", Add = "add" }
    // Newer pages say that an update cannot change it, older ones are silent (row 2).
    /// an update of a retention policy with another template
    retention_template: RetentionTemplate = "retention-template" {
        Refuse = "refuse", Ignore = "ignore", Change = "change",
    }
    // Not stated (row 3). The default is the one that deletes more.
    /// an update of a retention policy
    retention_update: RetentionUpdate = "retention-update" { Runs = "runs", Waits = "waits" }
    // Not published (row 4).
    /// how a regexp of a retention policy has to match a tag
    retention_regexp: RetentionRegexp = "retention-regexp" { Search = "search", Full = "full" }
    // The newest page says exactly one, older ones are silent (row 5).
    /// a retention policy with two rules
    retention_rules: RetentionRules = "retention-rules" { One = "one", Several = "several" }
    // All pages show strings (row 5).
    /// a number in the params of a retention policy that is not a string
    retention_number: RetentionNumber = "retention-number" {
        Refuse = "refuse", Accept = "accept",
    }
    // The pages give ranges from 1, and no answer to a 0 (row 5).
    /// a retention policy that keeps 0 tags or days
    retention_zero: RetentionZero = "retention-zero" { Refuse = "refuse", Accept = "accept" }
    // Users write globs such as `*`, and no page says that they are refused (row 4).
    /// a regexp of a retention policy that is none
    retention_bad_regexp: RetentionBadRegexp = "retention-bad-regexp" {
        Accept = "accept", Refuse = "refuse",
    }
    // Terraform sends it, another client avoids it (row 5).
    /// a retention policy whose tag_selectors are empty
    empty_selectors: EmptySelectors = "empty-selectors" {
        Accept = "accept", Refuse = "refuse",
    }
    // No page asks for a rule, and one source hints at one (`swr-next.md`, A12, row 11).
    /// a manual copy to a target that no rule has
    sync_images_rule: SyncImagesRule = "sync-images-rule" {
        Optional = "optional", Required = "required",
    }
    // The pages contradict each other, and their examples are empty (row 11).
    /// the tags in the answer to a manual copy
    sync_images_answer: SyncImagesAnswer = "sync-images-answer" {
        Empty = "empty", Accepted = "accepted", Failed = "failed",
    }
    // Not published (row 11). The alternative is the console's batch of images.
    /// how many tags a manual copy may have
    sync_images_limit: SyncImagesLimit = "sync-images-limit" { None = "none", Fifty = "50" }
    // Accepted silently, by one source (row 11).
    /// a manual copy of a tag that the repository does not have
    unknown_tag: UnknownTag = "unknown-tag" { NoJob = "no-job", FailedJob = "failed-job" }
    // Accepted silently, by one source (section A5).
    /// a copy to an organization that does not exist
    missing_target: MissingTarget = "missing-target" {
        NoJob = "no-job", FailedJob = "failed-job",
    }
    // Terraform's test of an empty repository finds one (row 12).
    /// the jobs that a new rule leaves
    rule_job: RuleJob = "rule-job" { None = "none", One = "one" }
    // The pages have both, and do not say whether digests are compared (row 13).
    /// a copy without override of a tag that the target has with another digest
    other_digest: OtherDigest = "other-digest" { Existed = "existed", Cancel = "cancel" }
    // Not documented.
    /// the order of the jobs if the filter has none
    job_order: JobOrder = "job-order" { Descending = "desc", Ascending = "asc" }
    // Not documented. Retention policies by days depend on it.
    /// the time of a tag that a job copied
    copied_time: CopiedTime = "copied-time" { Copy = "copy", Source = "source" }
    // Not published (row 14).
    /// the names of tags in the list of repositories
    listed_tags: ListedTags = "listed-tags" { All = "all", Hundred = "100" }
    // An image can have several tags (row 14).
    /// what num_images counts
    num_images: NumImages = "num-images" { Tags = "tags", Digests = "digests" }
    // The other fields of a mirror have GitLab's names (`codearts-repo-api.md`, section 8.1).
    /// the values of update_status
    update_status: UpdateStatus = "update-status" {
        GitLab = "gitlab", Oracle = "oracle", Numbers = "numbers",
    }
    // No page that could be read has an example (section 0).
    /// how CodeArts Repo writes times in version 4
    git_times: GitTimes = "git-times" {
        Offset = "rfc3339-offset", Utc = "rfc3339-utc", Plain = "plain-beijing",
        PlainUtc = "plain-utc",
    }
    // No conflict is documented, and comparable services differ (section 8.3).
    /// starting a mirror that is running
    repeat_start: RepeatStart = "repeat-start" {
        SameRun = "new-jid-same-run", SameJid = "same-jid", Concurrent = "concurrent",
        Queue = "queue",
        Conflict = "409",
    }
    // Not documented, for reads and for writes (sections 2.1 and 2.2).
    /// a mirror operation on an ordinary repository
    not_a_mirror: NotAMirror = "not-a-mirror" {
        NotFound = "404", Nulls = "200-nulls", BadRequest = "400",
    }
    // The Chinese page and the SDK describe the values inverted (section 2.3).
    /// the meaning of mirroring_enabled
    mirroring_enabled: MirroringEnabled = "mirroring-enabled" {
        TrueIsOn = "true-is-on", TrueIsOff = "true-is-off",
    }
    // An older guide says that switching it off is final (section 2.3).
    /// switching the schedule of a mirror
    schedule_switch: ScheduleSwitch = "schedule-switch" {
        Free = "free", OffIsFinal = "off-is-final", Fixed = "fixed",
    }
    // The current guide says 24 hours, an older one an hourly pass (section 2.3).
    /// the period of a mirror's schedule
    schedule_period: SchedulePeriod = "schedule-period" { Day = "24h", Hour = "1h" }
    // Whether an update patches or replaces is not stated (section 2.3).
    /// an update of a mirror that omits a field
    put_omitted: PutOmitted = "put-omitted" { Keep = "keep", Reset = "reset" }
    // All fields are optional, so the body may be, too (section 2.1).
    /// starting a mirror without a body
    start_without_body: StartWithoutBody = "start-without-body" {
        Accept = "accept", Refuse = "400",
    }
    // The page says "last modification time", GitLab means the last attempt (section 2.2).
    /// when last_update_at changes: at the end of a run, at its start, or with each update too
    last_update_at: LastUpdateAt = "last-update-at" {
        End = "end", Start = "start", Record = "record",
    }
    // Neither the count nor its reset is described (section 2.2).
    /// the failures that number_of_failures counts
    number_of_failures: NumberOfFailures = "number-of-failures" {
        Consecutive = "consecutive", Total = "total",
    }
    // Whether a success clears it is not stated (section 2.2).
    /// last_error after a success
    last_error: LastError = "last-error" { Cleared = "null", Kept = "kept" }
    // Not documented (section 2.4).
    /// associating a repository that is a mirror
    associate_twice: AssociateTwice = "associate-twice" {
        Same = "same", Replace = "replace", Conflict = "409",
    }
    // The pages list no body, the SDK has a `url` (section 2.4).
    /// associating without a url
    associate_without_url: AssociateWithoutUrl = "associate-without-url" {
        Accept = "accept", Refuse = "400",
    }
    /// associating a repository that is still being created
    associate_new_repository: AssociateNewRepository = "associate-new-repository" {
        Accept = "201", NotFound = "404",
    }
    // The page promises "all information" without a shape (section 5).
    /// the commits of branches in the list with view=all
    branch_commit: BranchCommit = "branch-commit" { Absent = "absent", Present = "present" }
    // Not stated (section 3).
    /// repositories of groups in the list of a project
    project_list_groups: ProjectListGroups = "project-list-groups" {
        Include = "include", Exclude = "exclude",
    }
    /// listing the repositories of a project that does not exist
    unknown_project: UnknownProject = "unknown-project" { NotFound = "404", Empty = "empty" }
    /// a run without force, and a branch to which another client pushed
    diverged_branches: DivergedBranches = "diverged-branches" {
        Fail = "fail", Overwrite = "overwrite", Skip = "skip",
    }
    /// a run without force, and a branch that the source does not have
    deleted_branches: DeletedBranches = "deleted-branches" { Keep = "keep", Remove = "remove" }
    /// a run without force, and a tag that differs in the source
    moved_tags: MovedTags = "moved-tags" { Keep = "keep", Overwrite = "overwrite" }
    // The range is documented, its refusal is not (section 8.4).
    /// a git repository id that is not a number from 1 to 2147483647
    id_out_of_range: IdOutOfRange = "id-out-of-range" { BadRequest = "400", NotFound = "404" }
    /// a value that CodeArts Repo does not document
    invalid_value: InvalidValue = "invalid-value" { Refuse = "400", Ignore = "ignore" }
    // The rule is documented, the refusal is not (section 2.3).
    /// a mirror url that does not begin with http:// or https://
    mirror_url: MirrorUrl = "mirror-url" { Refuse = "400", Accept = "accept" }
    // Whether the answer contains them is not stated (section 2.2).
    /// a mirror url with a user or a password
    url_credentials: UrlCredentials = "url-credentials" { Shown = "shown", Scrubbed = "scrubbed" }
    /// a url or endpoint_uuid that a mirror does not have
    empty_field: EmptyField = "empty-field" { Null = "null", Text = "text" }
    /// starting a mirror with a username or password that is not Base64
    not_base64: NotBase64 = "not-base64" { Refuse = "400", FailedRun = "failed-run" }
    // The guide calls such a repository read-only (section 2.3).
    /// a push to a branch of a scheduled mirror
    push_to_scheduled: PushToScheduled = "push-to-scheduled" {
        Refuse = "refuse", Accept = "accept",
    }
    /// the name_with_namespace of a git repository
    name_with_namespace: NameWithNamespace = "name-with-namespace" {
        Plain = "plain", Spaced = "spaced",
    }
    /// the path of a git repository in lists
    repository_path: RepositoryPath = "repository-path" { Name = "name", Full = "full" }
}

fn choose<T: Copy>(name: &str, choice: &str, choices: &[(&str, T)]) -> Result<T, String> {
    let found = choices
        .iter()
        .find(|(text, _)| *text == choice)
        .map(|(_, value)| *value);
    found.ok_or_else(|| format!("`{name}` is one of {}", texts(choices)))
}

fn texts<T>(choices: &[(&str, T)]) -> String {
    choices
        .iter()
        .map(|(text, _)| *text)
        .collect::<Vec<_>>()
        .join("|")
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
    fn an_error_names_the_allowed_values() {
        let mut assumptions = Assumptions::default();
        assert_eq!(
            assumptions.set("duplicate-rule=maybe").unwrap_err(),
            "`duplicate-rule` is one of error|replace|second-row|ignore"
        );
        assert_eq!(
            assumptions.set("hidden-rules").unwrap_err(),
            "`hidden-rules` is one of hide|show"
        );
        let unknown = assumptions.set("no-such=1").unwrap_err();
        assert!(
            unknown.contains("`no-such`") && unknown.contains("patch-omitted=reset|keep"),
            "{unknown}"
        );
    }

    #[test]
    fn help_has_a_line_for_each() {
        assert_eq!(Assumptions::help().lines().count(), 76);
    }
}
