//! Endpoints of regions that rules copy to. A command asks there only beside its work, so such a
//! region needs an endpoint of its own: the same server would answer for another region.

use super::{
    Endpoint, Endpoints, PLACEHOLDER,
    origin::{Overrides, Wanted},
    resolve_one,
};
use crate::wire::{Service, host::EndpointKind};

impl Endpoints {
    /// Adds the endpoint of such a region: of its own document, else as those of the regions that
    /// copy to it. The error is a clause.
    pub(crate) fn add_abroad(
        &mut self,
        wanted: &Wanted<'_>,
        sources: &[Wanted<'_>],
        overrides: &Overrides<'_>,
    ) -> Result<(), String> {
        let (service, region) = (wanted.service, wanted.region);
        let endpoint = self.abroad(wanted, sources, overrides)?;
        self.insert(service, region, endpoint)
            .map_err(|_| "its endpoint is that of another region".to_owned())
    }

    fn abroad(
        &self,
        wanted: &Wanted<'_>,
        sources: &[Wanted<'_>],
        overrides: &Overrides<'_>,
    ) -> Result<Endpoint, String> {
        let resolve =
            |wanted: &Wanted<'_>| resolve_one(wanted, overrides).map_err(|error| error.to_string());
        if let Some(template) = overrides.template(wanted.service) {
            return match template.text.contains(PLACEHOLDER) {
                true => resolve(wanted),
                false => Err(format!("{} has no `{PLACEHOLDER}`", template.origin)),
            };
        }
        if wanted.template.is_some() {
            return resolve(wanted);
        }
        let templates = sources.iter().filter_map(|it| it.template.clone());
        let mut templates: Vec<_> = templates.collect();
        templates.sort_by_key(|template| !template.text.contains(PLACEHOLDER));
        if let Some(template) = templates.into_iter().next() {
            if template.text.contains(PLACEHOLDER) {
                let template = Some(template);
                return resolve(&Wanted {
                    template,
                    ..wanted.clone()
                });
            }
            // Other clouds do not share their accounts with the region's own endpoint.
            if self.is_outside(wanted.service, sources) {
                return Err(format!("{} has no `{PLACEHOLDER}`", template.origin));
            }
        }
        resolve(wanted)
    }

    fn is_outside(&self, service: Service, sources: &[Wanted<'_>]) -> bool {
        let bases = sources
            .iter()
            .filter_map(|source| self.base(service, source.region));
        bases
            .map(|base| EndpointKind::of(&base.to_string()))
            .any(|kind| kind != EndpointKind::HuaweiCloud)
    }
}
