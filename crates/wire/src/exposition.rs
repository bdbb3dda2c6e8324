//! Expositions: what a scrape target answers, as a stream of entries; and the same written by us.
//!
//! [`Parser::next`] lends one [`Entry`] after the other. A sample costs no allocation: its labels are read from the
//! body only when [`Series::labels_into`] asks, because a scraper that has met the same [`Series::bytes`] before
//! knows them already. Bodies that are wrong end with a [`ParseError`]; words and cases follow Prometheus's
//! `model/textparse`. A line whose labels are malformed may give its error only from `labels_into`.
//!
//! Knows nothing of targets, limits or stores.

pub mod entry;
pub mod escaping;
pub mod negotiation;
pub mod nhcb;
pub mod openmetrics;
pub mod protobuf;
pub mod text;
pub mod writer;

mod lexer;

pub use entry::{Entry, HistogramSeries, ParseError, Series};
pub use escaping::EscapingScheme;
pub use negotiation::{Protocol, UnsupportedContentType, accept_header, protocol_of};
pub use writer::{Family, Format, Writer};

/// How expositions are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Use OpenMetrics `_created` lines as start timestamps of their neighbours instead of giving them as series.
    pub start_timestamps: bool,
    /// Read histograms of the protobuf format as classic ones even where they are native.
    pub ignore_native_histograms: bool,
    /// Beside a native histogram give its classic series too.
    pub keep_classic_histograms: bool,
    /// Turn classic histograms into native ones with custom buckets.
    pub convert_classic_histograms: bool,
}

/// One exposition being read.
pub struct Parser<'a>(Kind<'a>);

enum Kind<'a> {
    Text(text::TextParser<'a>),
    OpenMetrics(openmetrics::OpenMetricsParser<'a>),
    Protobuf(Box<protobuf::ProtobufParser<'a>>),
    Converting(Box<nhcb::Converter<'a>>),
}

impl<'a> Parser<'a> {
    /// Reads `body` as `protocol`: see [`protocol_of`] for how it follows from the content type.
    pub fn new(body: &'a [u8], protocol: Protocol, options: Options) -> Parser<'a> {
        let inner = match protocol {
            Protocol::PrometheusText0_0_4 | Protocol::PrometheusText1_0_0 => {
                Kind::Text(text::TextParser::new(body))
            }
            Protocol::OpenMetricsText0_0_1 | Protocol::OpenMetricsText1_0_0 => {
                Kind::OpenMetrics(openmetrics::OpenMetricsParser::new(body, options.start_timestamps))
            }
            Protocol::PrometheusProto => {
                Kind::Protobuf(Box::new(protobuf::ProtobufParser::new(body, options)))
            }
        };
        if options.convert_classic_histograms {
            let keep = options.keep_classic_histograms;
            return Parser(Kind::Converting(Box::new(nhcb::Converter::new(Parser(inner), keep))));
        }
        Parser(inner)
    }

    /// The next entry; `None` at the end of a complete body. After an error the rest is not read.
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Entry<'_>>, ParseError> {
        match &mut self.0 {
            Kind::Text(parser) => parser.next(),
            Kind::OpenMetrics(parser) => parser.next(),
            Kind::Protobuf(parser) => parser.next(),
            Kind::Converting(parser) => parser.next(),
        }
    }
}
