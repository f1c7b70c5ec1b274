//! The probe: where it is published, and how often.

use std::time::Duration;

use super::error::{ConfigError, Refusal};
use super::security::check_name;
use super::session::check_span;
use crate::cli::environment::Origins;
use crate::cli::watch::ProbeArgs;
use crate::session::settings::ProbeSettings;

const INTERVAL: Duration = Duration::from_mins(1);
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_hours(24);

/// A topic stands in every drop that follows a probe.
const TOPIC_LIMIT_BYTES: usize = 1024;

/// Resolves the probe; an interval that only a variable sets is for those who ask for probes.
pub(super) fn resolve(args: &ProbeArgs, origins: &Origins) -> Result<Option<ProbeSettings>, ConfigError> {
    let (Some(interval), Some(topic)) = (interval(args, origins, INTERVAL)?, &args.probe) else {
        return Ok(None);
    };
    check_topic(topic).map_err(|refusal| refusal.at(origins, "probe"))?;
    Ok(Some(ProbeSettings { topic: topic.clone(), interval }))
}

/// Resolves how often probes are sent, if they are asked for; `usual` where nobody says how often.
pub(super) fn interval(
    args: &ProbeArgs,
    origins: &Origins,
    usual: Duration,
) -> Result<Option<Duration>, ConfigError> {
    let interval = args.probe_interval.unwrap_or(usual);
    check_span(interval, SHORTEST..=LONGEST).map_err(|refusal| refusal.at(origins, "probe-interval"))?;
    match &args.probe {
        Some(_) => Ok(Some(interval)),
        None if args.probe_interval.is_some() && !origins.from_environment("probe-interval") => {
            Err(Refusal::ProbeIntervalAlone.at(origins, "probe-interval"))
        }
        None => Ok(None),
    }
}

fn check_topic(topic: &str) -> Result<(), Refusal> {
    check_name(topic, TOPIC_LIMIT_BYTES)?;
    if topic.contains(['#', '+']) { Err(Refusal::ProbeWildcard(topic.to_owned())) } else { Ok(()) }
}
