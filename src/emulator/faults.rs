//! Faults: what a network, a gateway or a busy service does to a request instead of answering it.
//!
//! A fault is put in by a test or by hand, waits for the requests it matches, and strikes as often as
//! it was told to. Which request is the unlucky one is never left to chance.

use super::{effects::Effect, message::Request};

/// One fault and the requests it is meant for.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Strikes this method only.
    pub method: Option<String>,
    /// Strikes only where the escaped path contains this.
    pub path: Option<String>,
    /// Strikes this region only.
    pub region: Option<String>,
    /// How many matching requests pass first.
    pub skip: usize,
    /// How many requests it strikes; none for all that follow.
    pub count: Option<usize>,
    /// What happens to them.
    pub effect: Effect,
}

impl Fault {
    /// A fault that strikes the next request, once.
    pub fn new(effect: Effect) -> Self {
        Self { method: None, path: None, region: None, skip: 0, count: Some(1), effect }
    }

    /// Only that method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only where the escaped path contains `part`.
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Only that region.
    pub fn region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned());
        self
    }

    /// Lets so many matching requests pass first.
    pub fn skip(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// Strikes so many requests.
    pub fn times(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// Strikes all requests that follow.
    pub fn forever(mut self) -> Self {
        self.count = None;
        self
    }

    fn matches(&self, request: &Request) -> bool {
        self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.path.as_ref().is_none_or(|part| request.path.contains(part.as_str()))
            && self.region.as_ref().is_none_or(|region| *region == request.region)
    }
}

/// The faults that still wait.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn inject(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    /// The effect on a request: of the faults that match, the first that has let enough pass.
    pub(super) fn strike(&mut self, request: &Request) -> Option<Effect> {
        self.0.retain(|fault| fault.count != Some(0));
        for fault in self.0.iter_mut().filter(|fault| fault.matches(request)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.count = fault.count.map(|count| count - 1);
            return Some(fault.effect.clone());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Request {
        Request { method: "GET".into(), region: "cn-north-4".into(), path: path.into(), ..Request::default() }
    }

    fn strikes(fault: Fault, paths: &[&str]) -> Vec<bool> {
        let mut faults = Faults::default();
        faults.inject(fault);
        paths.iter().map(|path| faults.strike(&get(path)).is_some()).collect()
    }

    #[test]
    fn a_fault_waits_counts_and_is_spent() {
        let fault = Fault::new(Effect::CutBefore).path("sync_repo").skip(1).times(2);
        let hits = strikes(fault, &["/sync_repo", "/repos", "/sync_repo", "/sync_repo", "/sync_repo"]);
        assert_eq!(hits, [false, false, true, true, false]);
        assert_eq!(strikes(Fault::new(Effect::CutBefore).forever(), &["/a", "/b", "/c"]), [true; 3]);
    }

    #[test]
    fn method_and_region_must_match() {
        let fault = || Fault::new(Effect::CutBefore);
        assert_eq!(strikes(fault().method("POST"), &["/a"]), [false]);
        assert_eq!(strikes(fault().region("cn-east-3"), &["/a"]), [false]);
        assert_eq!(strikes(fault().method("GET").region("cn-north-4"), &["/a"]), [true]);
    }
}
