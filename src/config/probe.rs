//! The probe: its topic and its interval.

use std::time::Duration;

use super::error::{ConfigError, Refusal};
use super::security::check_name;
use super::session::check_span;
use crate::cli::environment::Origins;
use crate::cli::watch::ProbeArgs;
use crate::session::settings::ProbeSettings;

/// The default interval between two probes.
const INTERVAL: Duration = Duration::from_mins(1);
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_hours(24);

/// The longest topic of a probe, in bytes. It is part of each record of a drop that follows a probe.
const TOPIC_LIMIT_BYTES: usize = 1024;

/// Resolves the probe; `None` without `--probe`.
pub(super) fn resolve(args: &ProbeArgs, origins: &Origins) -> Result<Option<ProbeSettings>, ConfigError> {
    let (Some(interval), Some(topic)) = (interval(args, origins, INTERVAL)?, &args.probe) else {
        return Ok(None);
    };
    check_topic(topic).map_err(|refusal| refusal.at(origins, "probe"))?;
    Ok(Some(ProbeSettings { topic: topic.clone(), interval }))
}

/// Resolves the interval between probes; `None` without `--probe`. An interval alone is refused on the
/// command line, but not from a variable, which may serve other targets.
pub(super) fn interval(
    args: &ProbeArgs,
    origins: &Origins,
    default: Duration,
) -> Result<Option<Duration>, ConfigError> {
    let interval = args.probe_interval.unwrap_or(default);
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
