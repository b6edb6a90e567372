//! The lines about one region: its endpoints and clock, the account, what the caller may do there,
//! and the objects that must exist.

use std::sync::Arc;

use super::{
    ACCOUNT, CLOCK, ENDPOINT, IMAGE_SYNC, Line, NOTICED, OWN_LEVEL, PROJECT, QUOTA, READ, REFUSED,
    REGION_NAME, Section, Status, off,
    seen::{Endpoint, Looked, Object, Problem, Quota, Reached, Reading, Region, Seen, Why},
};
use crate::{
    address::Address,
    config::lint,
    kind::Kind,
    region::is_known,
    state::Chart,
    text::escaped,
    wire::{Service, host::EndpointKind},
};

pub(super) fn lines(chart: &Chart, seen: &Seen, name: &Arc<str>, region: &Region) -> Vec<Line> {
    let section = Section::Region(name.clone());
    let here = Here {
        chart,
        seen,
        name,
        region,
        section: &section,
    };
    let mut lines = Vec::new();
    lines.extend(self::name(&section, REGION_NAME, name));
    lines.extend(here.endpoints());
    lines.extend(here.clock());
    lines.extend(here.account());
    lines.extend(here.project());
    lines.extend(here.quotas());
    lines.extend(here.gates());
    lines.extend(region.readings.iter().filter_map(|it| here.reading(it)));
    lines.extend(here.levels());
    lines.extend(here.objects());
    lines
}

/// The warning about a region that no document names.
pub(super) fn name(section: &Section, check: &'static str, name: &str) -> Option<Line> {
    if is_known(name) {
        return None;
    }
    let found = lint::region(name, None)?;
    let line = Line::new(section, check, Status::Warning, found.message);
    Some(match found.hint {
        Some(hint) => line.hint(hint),
        None => line,
    })
}

/// One region, with what the chart says about it.
struct Here<'a> {
    chart: &'a Chart,
    seen: &'a Seen,
    name: &'a Arc<str>,
    region: &'a Region,
    section: &'a Section,
}

impl Here<'_> {
    fn line(&self, check: &'static str, status: Status, message: impl Into<String>) -> Line {
        Line::new(self.section, check, status, message.into())
    }

    fn endpoints(&self) -> impl Iterator<Item = Line> {
        let all = self.region.endpoints.iter();
        all.map(|(service, endpoint)| self.endpoint(*service, endpoint))
    }

    fn endpoint(&self, service: Service, endpoint: &Endpoint) -> Line {
        let kind = match endpoint.kind {
            EndpointKind::HuaweiCloud => "Huawei Cloud",
            EndpointKind::Emulator => "the emulator in this process",
            EndpointKind::Other => "not Huawei Cloud",
        };
        let place = match &endpoint.host {
            Some(host) => format!("{host} ({kind})"),
            None => kind.to_owned(),
        };
        // What only tells who the caller is can be missed: a plan does not need it.
        let bad = match service.is_of_identity() {
            true => Status::Warning,
            false => Status::Failure,
        };
        let line = match &endpoint.reached {
            Reached::Answered(status) if (300..400).contains(status) => self
                .line(ENDPOINT, bad, format!("{place} answers with a redirect"))
                .hint("check the endpoint, and the proxies before it, such as a login page"),
            Reached::Answered(_) => self.line(ENDPOINT, Status::Ok, place),
            Reached::No(problem) => {
                let hint = self.remedy(problem);
                Line {
                    hint: hint.map(Into::into),
                    ..self.line(ENDPOINT, bad, problem.message.clone())
                }
            }
            Reached::Nowhere(reason) if service.is_of_identity() => {
                self.line(ENDPOINT, Status::Note, reason.clone())
            }
            Reached::Nowhere(reason) => self.line(ENDPOINT, bad, reason.clone()),
        };
        line.of(service.name())
    }

    /// What to do about an endpoint that does not answer.
    fn remedy(&self, problem: &Problem) -> Option<String> {
        let says = |text: &str| problem.message.contains(text);
        if says("certificate") {
            return Some(match says("UnknownIssuer") {
                true => "TLS works, but the authority of its certificate is unknown: if that is \
                    your own proxy's, name it with `--ca-file`"
                    .to_owned(),
                false => "the server's certificate is not valid for it: check the endpoint, and \
                    the clock of this machine"
                    .to_owned(),
            });
        }
        match self.seen.proxy {
            Some(variable) => Some(format!(
                "`{variable}` names a proxy: check it, or add the host to `NO_PROXY`"
            )),
            None if says("dns error") => {
                Some("the name has no address: check the region and the network".to_owned())
            }
            None => problem.hint.clone(),
        }
    }

    fn clock(&self) -> Option<Line> {
        let ahead = self.region.ahead()?;
        let line = |status| self.line(CLOCK, status, off(ahead));
        Some(match ahead.unsigned_abs() {
            0 => self.line(CLOCK, Status::Ok, "as the service's"),
            by if by <= NOTICED => line(Status::Ok),
            by if by <= REFUSED => line(Status::Warning)
                .hint("beyond 15 minutes signatures are refused: synchronize the clock"),
            _ => line(Status::Failure)
                .hint("signatures are refused: set the clock of this machine, as with NTP"),
        })
    }

    /// Whether a problem has its own line elsewhere.
    fn is_told(problem: &Problem) -> bool {
        matches!(
            problem.why,
            Why::Unauthorized | Why::NoAnswer | Why::NotSent
        )
    }

    fn account(&self) -> Option<Line> {
        let wanted = self.chart.account.as_deref();
        let bad = match wanted {
            Some(_) => Status::Failure,
            None => Status::Note,
        };
        Some(match (&self.region.account, wanted) {
            (Looked::At(found), Some(wanted)) if **found != *wanted => self
                .line(
                    ACCOUNT,
                    Status::Failure,
                    format!(
                        "{}, but the chart is for {}",
                        escaped(found),
                        escaped(wanted)
                    ),
                )
                .hint(format!("use the credentials of {}", escaped(wanted))),
            (Looked::At(found), _) => self.line(ACCOUNT, Status::Ok, escaped(found)),
            (Looked::Failed(problem), _) if Self::is_told(problem) => return None,
            (Looked::Failed(problem), _) => Line::problem(self.section, ACCOUNT, bad, problem),
            (Looked::NotAt(reason), _) => self.line(ACCOUNT, bad, not_known(reason)),
            (Looked::Needless, _) => return None,
        })
    }

    fn project(&self) -> Option<Line> {
        match &self.region.project {
            Looked::At(id) => Some(self.line(PROJECT, Status::Ok, escaped(id))),
            other => {
                let line = self.unseen(PROJECT, other)?;
                let is_hintless = line.hint.is_none();
                let hint = "without its id, quota and image sync are not known either";
                Some(match is_hintless {
                    true => line.hint(hint),
                    false => line,
                })
            }
        }
    }

    /// The line about something that a plan does not need, and that was not seen.
    fn unseen<T>(&self, check: &'static str, looked: &Looked<T>) -> Option<Line> {
        match looked {
            Looked::Failed(problem) if Self::is_told(problem) => None,
            Looked::Failed(problem) => {
                Some(Line::problem(self.section, check, Status::Note, problem))
            }
            Looked::NotAt(reason) => Some(self.line(check, Status::Note, not_known(reason))),
            Looked::At(_) | Looked::Needless => None,
        }
    }

    fn quotas(&self) -> Vec<Line> {
        let Some(all) = self.region.quotas.value() else {
            let unseen = self.unseen(QUOTA, &self.region.quotas);
            return unseen.into_iter().collect();
        };
        let kinds = crate::kind::REGISTRY.iter().copied();
        let counted = kinds.filter_map(|kind| Some((kind, kind.quota?)));
        counted
            .filter_map(|(kind, key)| self.quota(kind, all.iter().find(|it| it.key == key)))
            .collect()
    }

    /// The quota of a kind against what the chart would create.
    fn quota(&self, kind: &'static Kind, found: Option<&Quota>) -> Option<Line> {
        let several = kind.several();
        let Some(found) = found else {
            let message = format!("the service shows none of {several}");
            return Some(self.line(QUOTA, Status::Note, message).of(several));
        };
        let new = self.new_tops(kind);
        let creates = match new {
            Some(0) | None => String::new(),
            Some(new) => format!("; the chart creates {new}"),
        };
        let line = |status, message: String| self.line(QUOTA, status, message).of(several.clone());
        Some(match found.limit {
            None => line(
                Status::Ok,
                format!("{} used, no limit{creates}", found.used),
            ),
            Some(limit) => {
                let message = format!("{} of {limit} used{creates}", found.used);
                let left = limit.saturating_sub(found.used);
                match new.is_some_and(|new| new > left) {
                    true => line(Status::Failure, message)
                        .hint("`apply` would be refused: ask the support for a higher quota"),
                    false => line(Status::Ok, message),
                }
            }
        })
    }

    /// How many resources of a kind the chart creates. `None` if the live ones are not known.
    fn new_tops(&self, kind: &'static Kind) -> Option<u64> {
        let live = self.region.tops.value()?;
        let new = self.declared(kind).filter(|it| !live.contains_key(*it));
        Some(new.count() as u64)
    }

    /// What the chart declares here of a kind.
    fn declared(&self, kind: &'static Kind) -> impl Iterator<Item = &Address> {
        let all = self.chart.resources.iter();
        let here = all.filter(move |(address, desired)| {
            address.kind() == kind && address.region() == self.name && !desired.is_absent()
        });
        here.map(|(address, _)| address)
    }

    /// The gates that kinds of the chart need.
    fn gates(&self) -> Vec<Line> {
        let kinds = crate::kind::REGISTRY.iter().copied();
        let needed = kinds.filter_map(|kind| {
            let copying = kind.copying?;
            self.declared(kind).next().map(|_| (kind, copying.gate))
        });
        let line = |status, message: String| self.line(IMAGE_SYNC, status, message);
        let needed: Vec<_> = needed.collect();
        let unseen = match self.region.gates.value() {
            None if !needed.is_empty() => self.unseen(IMAGE_SYNC, &self.region.gates),
            _ => None,
        };
        let Some(all) = self.region.gates.value() else {
            return unseen.into_iter().collect();
        };
        let of = |(kind, gate): (&'static Kind, &'static str)| match all.get(gate) {
            Some(true) => line(Status::Ok, "enabled".to_owned()),
            Some(false) => line(
                Status::Failure,
                format!(
                    "not enabled (`{gate}`), and the chart has {}",
                    kind.several()
                ),
            )
            .hint("the service's support can enable it for the account"),
            None => line(Status::Note, not_known("the service does not show it")),
        };
        needed.into_iter().map(of).collect()
    }

    fn reading(&self, reading: &Reading) -> Option<Line> {
        let line = match &reading.found {
            Looked::At(()) => self.line(READ, Status::Ok, "allowed"),
            Looked::Failed(problem) if Self::is_told(problem) => return None,
            Looked::Failed(problem) => {
                let status = match reading.is_needed {
                    true => Status::Failure,
                    false => Status::Warning,
                };
                Line::problem(self.section, READ, status, problem)
            }
            Looked::NotAt(reason) => self.line(READ, Status::Note, not_known(reason)),
            Looked::Needless => return None,
        };
        Some(line.of(reading.what.clone()))
    }

    /// What the caller may do in the declared organizations.
    fn levels(&self) -> Vec<Line> {
        let Some(live) = self.region.tops.value() else {
            return Vec::new();
        };
        let kinds = crate::kind::REGISTRY.iter().copied();
        let tops = kinds.filter(|kind| kind.holds_unlisted());
        tops.flat_map(|kind| {
            let naming = kind.children().find_map(Kind::naming);
            self.declared(kind).filter_map(move |address| {
                let name = address.parts().last()?.to_string();
                let line = |status, message: String| {
                    self.line(OWN_LEVEL, status, message).of(name.clone())
                };
                let Some(found) = live.get(address) else {
                    return Some(
                        line(
                            Status::Note,
                            "not in the list, so `apply` would create it".to_owned(),
                        )
                        .hint(
                            "if it exists, these credentials have no right in it, or another \
                                account has the name",
                        ),
                    );
                };
                let right = found.standing.as_ref().and_then(|it| it.right);
                let (Some(naming), Some(right)) = (naming, right) else {
                    return Some(line(
                        Status::Note,
                        not_known("the service does not show it"),
                    ));
                };
                let word = (naming.word)(right);
                Some(match (naming.lacks)(right) {
                    None => line(Status::Ok, word),
                    Some(lacks) => line(Status::Warning, format!("{word}: {lacks}")),
                })
            })
        })
        .collect()
    }

    fn objects(&self) -> impl Iterator<Item = Line> {
        self.region.objects.iter().filter_map(|(address, looked)| {
            let kind = address.kind();
            let line = |status, message: &str| {
                let name = address.parts()[1..].join("/");
                self.line(kind.name, status, message).of(name)
            };
            Some(match looked {
                Looked::At(Object::There) => line(Status::Ok, "readable"),
                Looked::At(Object::Attachable) => line(
                    Status::Ok,
                    "its repository is readable, and mirrors nothing yet",
                ),
                Looked::At(Object::Missing(kind)) => {
                    let missing = &kind.lookup()?.missing;
                    line(Status::Failure, missing.problem).hint(missing.remedy)
                }
                Looked::Failed(problem) => {
                    let name = address.parts()[1..].join("/");
                    Line::problem(self.section, kind.name, Status::Failure, problem).of(name)
                }
                Looked::NotAt(reason) => line(Status::Note, &not_known(reason)),
                Looked::Needless => return None,
            })
        })
    }
}

pub(super) fn not_known(reason: &str) -> String {
    format!("not known: {reason}")
}
