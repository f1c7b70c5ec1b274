//! One fold from records to metrics.

pub mod metrics;
pub mod timeline;
