//! Distributions inside the export, each with the statistics that its key has.

use serde::Serialize;

use crate::collector::metrics::Distribution;
use crate::event::rounded;

/// Steps per unit for seconds and ratios.
pub(super) const MICROS: f64 = 1e6;

/// Steps per unit for milliseconds.
const THOUSANDTHS: f64 = 1e3;

/// A distribution, rounded for export.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantities {
    pub(super) min: Option<f64>,
    pub(super) mean: Option<f64>,
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
    pub(super) max: Option<f64>,
}

impl Quantities {
    pub(super) fn of(values: &Distribution, steps: f64) -> Self {
        let [min, mean, p50, p90, p99, max] =
            [values.min, values.mean, values.p50, values.p90, values.p99, values.max]
                .map(|value| value.map(|value| rounded(value, steps)));
        Self { min, mean, p50, p90, p99, max }
    }

    pub(super) const fn percentiles(self) -> Percentiles {
        Percentiles { p50: self.p50, p90: self.p90, p99: self.p99 }
    }
}

/// How most of them are.
#[derive(Debug, Serialize)]
pub(super) struct Percentiles {
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
}

/// Outages from drop to CONNACK.
#[derive(Debug, Serialize)]
pub(super) struct ReconnectSeconds {
    #[serde(flatten)]
    percentiles: Percentiles,
    max: Option<f64>,
}

/// Round trips in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct RoundTripMs {
    min: Option<f64>,
    mean: Option<f64>,
    p50: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
    count: u64,
}

impl From<Quantities> for ReconnectSeconds {
    fn from(quantities: Quantities) -> Self {
        Self { percentiles: quantities.percentiles(), max: quantities.max }
    }
}

impl From<&Distribution> for RoundTripMs {
    fn from(values: &Distribution) -> Self {
        let Quantities { min, mean, p50, p90: _, p99, max } = Quantities::of(values, THOUSANDTHS);
        Self { min, mean, p50, p99, max, count: values.count }
    }
}
