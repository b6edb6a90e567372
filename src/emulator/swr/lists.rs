//! The list of repositories, with its filters, orders and pages (`swr-api.md`, section 6.2).

use std::cmp::Ordering;

use serde::Serialize;

use super::{
    Call, OperationResult, Refusal, Reply,
    input::{Parameters, bad_parameter},
    organizations,
    repositories::{images, internal_path, path},
    shares,
};
use crate::emulator::{
    settings::assumptions::{ListedTags, NamespaceFilter, NumImages, PageLimitOver},
    state::Repository,
};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// How many names of tags an item has if there is a limit. The documents have none.
const FEW_TAGS: usize = 100;

/// How many it has otherwise. A number of images in a hand-written state may be any.
const MAX_TAGS: usize = 10_000;

const FILTER_KEYS: [&str; 9] = [
    "namespace",
    "name",
    "category",
    "is_public",
    "limit",
    "offset",
    "order_column",
    "order_type",
    // A legacy key (section 6.2), which has no effect here.
    "center",
];

/// A repository with its name and that of its organization.
#[derive(Clone, Copy)]
struct Row<'a> {
    organization: &'a str,
    name: &'a str,
    repository: &'a Repository,
}

pub(super) fn repositories(call: &Call<'_>) -> OperationResult {
    let parameters = Parameters::read(&call.request.query, &FILTER_KEYS)?;
    let page = Page::read(call, &parameters)?;
    let mut rows = rows(call, &parameters)?;
    let order = order(&parameters, &rows)?;

    // Before the page is cut: the total counts all matches (section 6.2).
    let total = rows.len();
    let rows = page.slice(&mut rows, order);
    let items: Vec<Item<'_>> = rows.iter().map(|row| item(call, *row, total)).collect();
    // The second number is the count of items on the page, not the index of the last (section 6.3).
    let range = page
        .is_requested
        .then(|| format!("{}-{}/{total}", page.offset, items.len()));
    let shown = rows.iter().map(|row| row.repository);
    let mut reply = about_tags(Reply::new(200, items), shown)
        .assuming_if(parameters.get("namespace").is_some(), NamespaceFilter::NAME)
        .assuming_if(page.clamped, PageLimitOver::NAME);
    reply.content_range = range;
    Ok(reply)
}

/// Marks a list by what it says of tags.
fn about_tags<'a>(reply: Reply, shown: impl Iterator<Item = &'a Repository> + Clone) -> Reply {
    let is_long = |repository: &Repository| repository.num_images > FEW_TAGS as u64;
    let has_long = shown.clone().any(is_long);
    let has_duplicates = shown.map(Repository::duplicates).any(|number| number > 0);
    reply
        .assuming_if(has_long, ListedTags::NAME)
        .assuming_if(has_duplicates, NumImages::NAME)
}

/// The repositories that the account shares, or that others share with it, as items of the list of
/// repositories. Expired shares count (`swr-next.md`, section A2).
pub(super) fn shared(call: &Call<'_>) -> OperationResult {
    let parameters = Parameters::read(&call.request.query, &FILTER_KEYS)?;
    let page = Page::read(call, &parameters)?;
    let mut rows: Vec<(Row<'_>, bool)> = match parameters.get("center") {
        Some("self") => rows(call, &parameters)?
            .into_iter()
            .filter(|row| shares::is_shared(row.repository))
            // It means nothing in this list.
            .map(|row| (row, false))
            .collect(),
        Some("thirdparty") => of_others(call),
        _ => return Err(bad_parameter("center must be self or thirdparty")),
    };
    rows.sort_by_key(|(row, _)| row.repository.id);
    let total = rows.len();
    let rows = rows.into_iter().skip(page.offset).take(page.limit);
    let shown = rows.clone().map(|(row, _)| row.repository);
    let items: Vec<Item<'_>> = rows
        .clone()
        .map(|(row, status)| Item {
            status,
            ..item(call, row, total)
        })
        .collect();
    let range = page
        .is_requested
        .then(|| format!("{}-{}/{total}", page.offset, items.len()));
    let mut reply =
        about_tags(Reply::new(200, items), shown).assuming_if(page.clamped, PageLimitOver::NAME);
    reply.content_range = range;
    Ok(reply)
}

/// What other accounts share with this one, and whether it still may pull.
fn of_others<'a>(call: &'a Call<'_>) -> Vec<(Row<'a>, bool)> {
    let region = call.state.regions.get(call.region());
    let all = region.into_iter().flat_map(|region| &region.organizations);
    let others = all.filter(|(_, content)| content.owner.is_some());
    let rows = others.flat_map(|(organization, content)| {
        content
            .repositories
            .iter()
            .map(move |(name, repository)| Row {
                organization,
                name,
                repository,
            })
    });
    let account = call.state.account();
    rows.filter_map(|row| {
        let mut shares = row.repository.shares.iter();
        let share = shares.find(|share| share.account.eq_ignore_ascii_case(account))?;
        Some((row, shares::is_in_force(call, share)))
    })
    .collect()
}

fn rows<'a>(call: &'a Call<'_>, parameters: &Parameters) -> Result<Vec<Row<'a>>, Refusal> {
    let is_public = match parameters.get("is_public") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(other) => return Err(bad_parameter(format!("is_public cannot be {other}"))),
    };
    let all = call
        .own_organizations()
        .into_iter()
        .flat_map(|(organization, content)| {
            let rows = content.repositories.iter();
            rows.map(move |(name, repository)| Row {
                organization,
                name,
                repository,
            })
        });
    let [namespace, name, category] =
        ["namespace", "name", "category"].map(|filter| parameters.get(filter));
    let matching = all.filter(|row| {
        namespace.is_none_or(|matching| organizations::matches(call, row.organization, matching))
            // A part of the name matches (section 6.2), so a client has to compare whole names
            // itself.
            && name.is_none_or(|part| row.name.contains(part))
            && category.is_none_or(|category| row.repository.category == category)
            && is_public.is_none_or(|is_public| row.repository.is_public == is_public)
    });
    Ok(matching.collect())
}

/// The order of two rows.
type Order = Box<dyn Fn(&Row<'_>, &Row<'_>) -> Ordering>;

/// The order of the rows; none if they have it already. Without a column, and for rows that compare
/// equal, it is the order of creation across all organizations.
fn order(parameters: &Parameters, rows: &[Row<'_>]) -> Result<Option<Order>, Refusal> {
    let created = |a: &Row<'_>, b: &Row<'_>| a.repository.id.cmp(&b.repository.id);
    let (column, direction) = match (parameters.get("order_column"), parameters.get("order_type")) {
        (None, None) => return Ok(Some(Box::new(created))),
        // The rows come by organization and name. To compare them again for each page would take
        // most of the time of a long list.
        (Some("name"), Some("asc")) if are_of_one_organization(rows) => return Ok(None),
        (Some(column), Some(direction)) => (column, direction),
        // Both or neither (section 6.2).
        _ => return Err(bad_parameter("order_column and order_type belong together")),
    };
    let compare: fn(&Row<'_>, &Row<'_>) -> Ordering = match column {
        "name" => |a, b| a.name.cmp(b.name),
        "namespace" => |a, b| a.organization.cmp(b.organization),
        "updated_time" => |a, b| instant(a).cmp(instant(b)),
        "tag_count" => |a, b| a.repository.num_images.cmp(&b.repository.num_images),
        "is_public" => |a, b| a.repository.is_public.cmp(&b.repository.is_public),
        // `updated_at` too: the SDK documents it, but the live API refuses it (section 6.2).
        _ => {
            return Err(Refusal::service(
                4_001_096,
                format!("Cannot order by {column}"),
            ));
        }
    };
    match direction {
        "asc" => Ok(Some(Box::new(move |a, b| {
            compare(a, b).then_with(|| created(a, b))
        }))),
        "desc" => Ok(Some(Box::new(move |a, b| {
            // Only the column is reversed: equal rows stay in the order of creation.
            compare(b, a).then_with(|| created(a, b))
        }))),
        _ => Err(bad_parameter(format!("order_type cannot be {direction}"))),
    }
}

/// Rows come by organization, so the first and the last show whether there are several.
fn are_of_one_organization(rows: &[Row<'_>]) -> bool {
    rows.first().map(|row| row.organization) == rows.last().map(|row| row.organization)
}

/// A text that sorts by time. With the `Z` a whole second would sort after its fractions.
fn instant<'a>(row: &Row<'a>) -> &'a str {
    row.repository.updated.trim_end_matches('Z')
}

/// The requested part of the rows.
struct Page {
    offset: usize,
    limit: usize,
    is_requested: bool,
    clamped: bool,
}

impl Page {
    fn read(call: &Call<'_>, parameters: &Parameters) -> Result<Self, Refusal> {
        let (offset, limit) = match (parameters.number("offset")?, parameters.number("limit")?) {
            // Without the two there is a page of 100 and no `Content-Range` (section 6.3).
            (None, None) => {
                return Ok(Self {
                    offset: 0,
                    limit: DEFAULT_LIMIT,
                    is_requested: false,
                    clamped: false,
                });
            }
            (Some(offset), Some(limit)) => (offset, limit),
            _ => return Err(bad_parameter("limit and offset belong together")),
        };
        // A guess from the code table: no page has a code for this (section 18, item 5).
        let bad_size = || {
            Refusal::service(
                4_000_056,
                format!("limit must be between 1 and {MAX_LIMIT}"),
            )
        };
        let clamped = limit > MAX_LIMIT;
        match call.settings.assumptions.page_limit_over {
            // With both choices: empty pages would never lead to the end of the list.
            _ if limit == 0 => Err(bad_size()),
            PageLimitOver::Refuse if clamped => Err(bad_size().assuming(PageLimitOver::NAME)),
            _ => Ok(Self {
                offset,
                limit: limit.min(MAX_LIMIT),
                is_requested: true,
                clamped,
            }),
        }
    }

    /// The rows of this page in order.
    fn slice<'r, 'a>(&self, rows: &'r mut [Row<'a>], order: Option<Order>) -> &'r mut [Row<'a>] {
        if let Some(order) = order {
            rows.sort_by(order);
        }
        // A pager may ask for a page past the end: it is empty, not an error.
        let start = self.offset.min(rows.len());
        let end = start.saturating_add(self.limit).min(rows.len());
        &mut rows[start..end]
    }
}

/// An item of the list. It has no id, and some fields have other names than in a single repository.
#[derive(Serialize)]
struct Item<'a> {
    name: &'a str,
    category: &'a str,
    description: &'a str,
    size: u64,
    is_public: bool,
    num_images: u64,
    num_download: u64,
    created_at: &'a str,
    updated_at: &'a str,
    logo: &'static str,
    url: &'static str,
    path: String,
    internal_path: String,
    domain_name: &'a str,
    namespace: &'a str,
    tags: Vec<String>,
    status: bool,
    total_range: usize,
}

fn item<'a>(
    call: &'a Call<'_>,
    Row {
        organization,
        name,
        repository,
    }: Row<'a>,
    total: usize,
) -> Item<'a> {
    let names = match call.settings.assumptions.listed_tags {
        ListedTags::All => MAX_TAGS,
        ListedTags::Hundred => FEW_TAGS,
    };
    Item {
        name,
        category: &repository.category,
        description: &repository.description,
        size: repository.size,
        is_public: repository.is_public,
        num_images: images(call, repository),
        num_download: repository.num_download,
        created_at: &repository.created,
        updated_at: &repository.updated,
        logo: "",
        url: "",
        path: path(call.region(), organization, name),
        internal_path: internal_path(organization, name),
        domain_name: call.state.account(),
        namespace: organization,
        // The list has only the names of tags.
        tags: repository.tag_names(names),
        // Only shared images have a status.
        status: false,
        // In every item: the answer is a bare array without a place for it.
        total_range: total,
    }
}
