//! Tests of the network: against a kernel, against bytes, and against a kernel that is made up.

mod kernel;
mod messages;
mod state;
mod wifi;
