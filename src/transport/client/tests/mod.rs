//! The client against simulated services on a paused clock: counts are exact, and tests are fast.

mod limits;
mod repeats;
mod service;
