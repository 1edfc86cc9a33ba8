//! From numbers to the text that Prometheus reads. How it is written is the library's to know; nothing else names it.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;
use std::borrow::Cow;
use std::fmt;

pub use prometheus_text::CONTENT_TYPE;

/// Names and values of labels.
pub(super) type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// Numbers of one name.
#[derive(Debug)]
pub(super) struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Labels, Sample)>,
}

/// One number, or how often numbers fell into each of a few ranges.
#[derive(Debug)]
pub(super) enum Sample {
    /// Something that only grows.
    Counter(f64),
    /// Something that rises and falls.
    Gauge(f64),
    /// Bounds and how often; the sum and the number of all.
    Histogram { sum: f64, count: u64, buckets: Vec<(f64, u64)> },
}

impl Family {
    /// A name without the `_total` of counters, which is added, and what it means.
    pub fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help, samples: Vec::new() }
    }

    /// With one number without labels.
    pub fn of(self, sample: Sample) -> Self {
        self.with(Vec::new(), sample)
    }

    /// With one more number.
    pub fn with(mut self, labels: Labels, sample: Sample) -> Self {
        self.samples.push((labels, sample));
        self
    }

    /// With many numbers.
    pub fn all(mut self, samples: impl IntoIterator<Item = (Labels, Sample)>) -> Self {
        self.samples.extend(samples);
        self
    }
}

impl Sample {
    const fn kind(&self) -> MetricType {
        match self {
            Self::Counter(_) => MetricType::Counter,
            Self::Gauge(_) => MetricType::Gauge,
            Self::Histogram { .. } => MetricType::Histogram,
        }
    }

    fn encode(&self, encoder: &mut MetricEncoder<'_>) -> fmt::Result {
        const NO_EXEMPLAR: Option<&Exemplar<NoLabelSet, f64>> = None;
        match self {
            Self::Counter(number) => encoder.encode_counter(number, NO_EXEMPLAR),
            Self::Gauge(number) => encoder.encode_gauge(number),
            Self::Histogram { sum, count, buckets } => {
                encoder.encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)
            }
        }
    }
}

/// Everything there is to tell at one moment.
#[derive(Debug)]
struct Everything(Vec<Family>);

impl Collector for Everything {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in &self.0 {
            let Some((_, first)) = family.samples.first() else { continue };
            let mut metric = encoder.encode_descriptor(family.name, family.help, None, first.kind())?;
            for (labels, sample) in &family.samples {
                if labels.is_empty() {
                    sample.encode(&mut metric)?;
                } else {
                    let labels: Vec<(&str, &str)> =
                        labels.iter().map(|(name, value)| (*name, value.as_ref())).collect();
                    sample.encode(&mut metric.encode_family(&labels)?)?;
                }
            }
        }
        Ok(())
    }
}

/// The text.
pub(super) fn text(families: Vec<Family>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Everything(families)));
    let mut text = String::with_capacity(16 * 1024);
    // Writing to a text does not fail.
    let _ = prometheus_text::encode(&mut text, &registry);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_prometheus_reads_them() {
        let families = vec![
            Family::new("a", "How often").with(vec![("kind", "x\"y".into())], Sample::Counter(3.0)),
            Family::new("b_bytes", "How much").of(Sample::Gauge(1.5)),
            Family::new("c_seconds", "How long").of(Sample::Histogram {
                sum: 0.5,
                count: 3,
                buckets: vec![(0.1, 2), (f64::INFINITY, 1)],
            }),
            Family::new("d", "Nothing"),
        ];
        let expected = "# HELP a_total How often\n# TYPE a_total counter\na_total{kind=\"x\\\"y\"} 3.0\n\
                        # HELP b_bytes How much\n# TYPE b_bytes gauge\nb_bytes 1.5\n\
                        # HELP c_seconds How long\n# TYPE c_seconds histogram\nc_seconds_bucket{le=\"0.1\"} 2\n\
                        c_seconds_bucket{le=\"+Inf\"} 3\nc_seconds_sum 0.5\nc_seconds_count 3\n";
        assert_eq!(text(families), expected);
    }
}
