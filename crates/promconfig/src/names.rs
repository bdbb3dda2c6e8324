//! Which names of metrics and labels are valid, and how invalid ones are escaped.

use model::labels::{is_legacy_label_name, is_legacy_metric_name};

choice! {
    /// The rule for names.
    pub enum NameValidation, fold = str::to_owned, empty = true, fault = "unrecognized name validation scheme {}, must be either 'legacy' or 'utf8'" {
        /// Any non-empty UTF-8.
        #[default]
        Utf8 = "utf8",
        /// ASCII letters, digits, underscores, and colons in metric names; no digit first.
        Legacy = "legacy",
    }
}

impl NameValidation {
    pub fn is_label_name(self, name: &str) -> bool {
        match self {
            NameValidation::Utf8 => !name.is_empty(),
            NameValidation::Legacy => is_legacy_label_name(name),
        }
    }

    pub fn is_metric_name(self, name: &str) -> bool {
        match self {
            NameValidation::Utf8 => !name.is_empty(),
            NameValidation::Legacy => is_legacy_metric_name(name),
        }
    }
}

choice! {
    /// What a scrape asks a target to do with names that are not legacy-valid.
    pub enum NameEscaping, fold = str::to_owned, empty = true, fault = "unknown name escaping method specified, must be one of 'allow-utf-8', 'underscores', 'dots', or 'values', got {}" {
        /// Leave them.
        #[default]
        AllowUtf8 = "allow-utf-8",
        /// Other characters become `_`.
        Underscores = "underscores",
        /// Dots become `_dot_`, underscores `__`, others `_`.
        Dots = "dots",
        /// `U__` and the code points in hexadecimal.
        Values = "values",
    }
}
