//! The emulator: the services' habits and refusals on this machine.
