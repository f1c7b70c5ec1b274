//! Dumps in small, and what they come to.
