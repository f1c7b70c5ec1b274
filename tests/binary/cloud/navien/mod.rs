//! `watch navien`: a double of the REST service that gives the keys, the gateway that takes them, and the appliances behind.

mod answers;
mod appliances;
mod exchange;
mod rows;
mod service;
mod silence;
mod state;
mod steps;
mod watch;
mod whole;
