//! `watch navien`: a double of the REST service that gives the keys, and the gateway that takes them.

mod exchange;
mod rows;
mod service;
mod state;
mod watch;
