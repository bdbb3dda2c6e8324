//! The names that tie signals together: which attributes say the service, the environment, the release, the host
//! and the user of an event. The one table of it; the names are OpenTelemetry's semantic conventions, first the
//! current one, then those it replaced.

use super::{Batch, Resource, Run, Text, Value};

/// The service of a resource that does not name one, as the specification of resources has it.
pub const UNKNOWN_SERVICE: &str = "unknown_service";

/// Attributes of a resource, the first that is there counts.
pub const SERVICE: [&str; 1] = ["service.name"];
pub const ENVIRONMENT: [&str; 2] = ["deployment.environment.name", "deployment.environment"];
pub const RELEASE: [&str; 1] = ["service.version"];
pub const HOST: [&str; 1] = ["host.name"];

/// Attributes of a record or its resource, the first that is there counts.
pub const USER: [&str; 2] = ["user.id", "enduser.id"];

impl Batch {
    /// The first attribute of a run under one of the keys, as text; a number or a truth value is written out.
    /// Empty when none is there.
    pub fn tied(&mut self, run: Run, keys: &[&str]) -> Text {
        for key in keys {
            match self.attr(run, key) {
                Some(Value::Str(text)) if !text.is_empty() => return text,
                Some(Value::Int(v)) => return self.push_text(&v.to_string()),
                Some(Value::Double(v)) => return self.push_text(&v.to_string()),
                Some(Value::Bool(v)) => return self.push_text(&v.to_string()),
                _ => {}
            }
        }
        Text::EMPTY
    }

    /// A resource with these attributes and the names they tie; its service is [`UNKNOWN_SERVICE`] when they name
    /// none.
    pub fn tied_resource(&mut self, attrs: Run) -> Resource {
        let mut service = self.tied(attrs, &SERVICE);
        if service.is_empty() {
            service = self.push_text(UNKNOWN_SERVICE);
        }
        Resource {
            service,
            environment: self.tied(attrs, &ENVIRONMENT),
            release: self.tied(attrs, &RELEASE),
            host: self.tied(attrs, &HOST),
            attrs,
            ..Resource::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;

    fn resource(attrs: &[(&str, Value)]) -> [String; 4] {
        let mut batch = Batch::new(Kind::Span);
        let text = batch.push_text("cart");
        for (key, value) in attrs {
            let value = if let Value::Str(_) = value { Value::Str(text) } else { *value };
            batch.push_attr(key, value);
        }
        let run = batch.attrs_since(0);
        let r = batch.tied_resource(run);
        [r.service, r.environment, r.release, r.host].map(|t| batch.get(t).to_owned())
    }

    #[test]
    fn the_table_is_followed() {
        let text = Value::Str(Text::EMPTY);
        assert_eq!(resource(&[]), ["unknown_service", "", "", ""]);
        assert_eq!(resource(&[("service.name", text)]), ["cart", "", "", ""]);
        let old = [("deployment.environment", Value::Int(7)), ("service.version", Value::Bool(true))];
        assert_eq!(resource(&old), ["unknown_service", "7", "true", ""]);
        let both = [("deployment.environment", Value::Int(7)), ("deployment.environment.name", text)];
        assert_eq!(resource(&both)[1], "cart");
        assert_eq!(
            resource(&[("host.name", text), ("service.version", Value::Double(1.5))])[2..],
            ["1.5", "cart"]
        );
    }
}
