//! Where an endpoint may come from, in order of precedence: the variable of the service, the chart
//! or the saved plan, the rule of the region.

use std::{collections::BTreeMap, fmt};

use super::EndpointError;
use crate::{diagnostics::Source, wire::Service};

/// The variable that sets the endpoint of a service.
pub fn variable(service: Service) -> &'static str {
    match service {
        Service::Swr => "PORTOLAN_ENDPOINT_SWR",
        Service::CodeArts => "PORTOLAN_ENDPOINT_CODEARTS",
        Service::Iam => "PORTOLAN_ENDPOINT_IAM",
        Service::Sts => "PORTOLAN_ENDPOINT_STS",
    }
}

/// The variable that sets the metadata service's endpoint.
pub(super) const METADATA: &str = "PORTOLAN_ENDPOINT_METADATA";

/// The origin of an endpoint, as messages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Variable(Service),
    /// `source` is the line of the document that names it.
    Chart {
        service: Service,
        source: Option<Source>,
    },
    SavedPlan(Service),
    Region(Service),
    /// The variable of the metadata service.
    Metadata,
}

impl Origin {
    pub(super) fn variable(&self) -> &'static str {
        match self {
            Origin::Variable(service)
            | Origin::Chart { service, .. }
            | Origin::SavedPlan(service)
            | Origin::Region(service) => variable(*service),
            Origin::Metadata => METADATA,
        }
    }

    /// The line of the chart for the beginning of a message, with a colon, if there is one.
    pub(super) fn place(&self) -> String {
        match self {
            Origin::Chart {
                source: Some(source),
                ..
            } => format!("{source}: "),
            Origin::Chart { source: None, .. }
            | Origin::Variable(_)
            | Origin::SavedPlan(_)
            | Origin::Region(_)
            | Origin::Metadata => String::new(),
        }
    }

    /// Whether another person than the user may have written it. Then the host needs the user's
    /// permission, because it gets the user's credentials.
    pub(super) fn needs_permission(&self) -> bool {
        matches!(self, Origin::Chart { .. } | Origin::SavedPlan(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Variable(_) | Origin::Metadata => write!(f, "`{}`", self.variable()),
            Origin::Chart { service, .. } => write!(f, "`endpoints.{}`", service.name()),
            Origin::SavedPlan(service) => {
                write!(f, "the saved plan's endpoint of `{}`", service.name())
            }
            Origin::Region(_) => f.write_str("the region's endpoint"),
        }
    }
}

/// A template with its origin. It may contain `{region}`.
#[derive(Debug, Clone)]
pub(super) struct Template<'a> {
    pub(super) text: &'a str,
    pub(super) origin: Origin,
}

/// One service in one region that a command needs.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    pub(super) service: Service,
    pub(super) region: &'a str,
    /// What the chart or the saved plan names.
    pub(super) template: Option<Template<'a>>,
}

impl<'a> Wanted<'a> {
    pub fn new(service: Service, region: &'a str) -> Wanted<'a> {
        Wanted {
            service,
            region,
            template: None,
        }
    }

    /// With the endpoint that a document names; an empty one counts as absent.
    #[must_use]
    pub fn in_chart(self, text: &'a str, source: Option<Source>) -> Wanted<'a> {
        let service = self.service;
        self.with(text, Origin::Chart { service, source })
    }

    /// With the endpoint of a saved plan.
    #[must_use]
    pub(crate) fn in_saved_plan(self, text: &'a str) -> Wanted<'a> {
        let origin = Origin::SavedPlan(self.service);
        self.with(text, origin)
    }

    fn with(self, text: &'a str, origin: Origin) -> Wanted<'a> {
        let template = Some(Template { text, origin }).filter(|template| !template.text.is_empty());
        Wanted { template, ..self }
    }

    pub fn service(&self) -> Service {
        self.service
    }

    pub fn region(&self) -> &'a str {
        self.region
    }

    /// Why no user can use the endpoint. A foreign host is left out, because a user may allow it,
    /// and so is an invalid region, which has its own diagnostic.
    pub(crate) fn error(&self) -> Option<EndpointError> {
        // Without overrides: a variable that is set would hide the endpoint of the chart.
        let resolved = super::resolve_one(self, &Overrides::default());
        resolved.err().filter(|error| {
            !matches!(
                error,
                EndpointError::Foreign { .. } | EndpointError::Region(_)
            )
        })
    }
}

/// What the user's variables and flags set for endpoints.
#[derive(Debug, Clone, Default)]
pub struct Overrides<'a> {
    /// The endpoints of the variables, for every region. None of them is empty.
    templates: BTreeMap<Service, String>,
    /// `--allow-endpoint`: hosts outside Huawei's domains that a chart may name. They may hold
    /// `{region}` too.
    pub(super) allowed_hosts: &'a [String],
}

impl<'a> Overrides<'a> {
    /// An empty variable counts as unset.
    pub fn read(
        environment: &dyn Fn(&str) -> Option<String>,
        allowed_hosts: &'a [String],
    ) -> Overrides<'a> {
        let template = |service| {
            let value = environment(variable(service)).filter(|value| !value.is_empty())?;
            Some((service, value))
        };
        Overrides {
            templates: Service::ALL.into_iter().filter_map(template).collect(),
            allowed_hosts,
        }
    }

    /// The name of a variable that is set.
    pub(crate) fn any_variable(&self) -> Option<&'static str> {
        self.templates
            .keys()
            .next()
            .map(|service| variable(*service))
    }

    pub(super) fn template(&self, service: Service) -> Option<Template<'_>> {
        let text = self.templates.get(&service)?;
        let origin = Origin::Variable(service);
        Some(Template { text, origin })
    }
}
