//! Errors with the codes by which PostgreSQL's clients tell them apart.
//!
//! Source: PostgreSQL's documentation, appendix "PostgreSQL Error Codes".

use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion_postgres::pgwire::api::{ClientInfo, ErrorHandler};
use datafusion_postgres::pgwire::error::{ErrorInfo, PgWireError};
use search::sql::SqlError;

const SYNTAX: &str = "42601";
const UNDEFINED_COLUMN: &str = "42703";
const AMBIGUOUS_COLUMN: &str = "42702";
const UNDEFINED_TABLE: &str = "42P01";
const UNDEFINED_FUNCTION: &str = "42883";
/// A statement that is understood and makes no sense.
const SYNTAX_OR_ACCESS: &str = "42000";
const NOT_SUPPORTED: &str = "0A000";
const DIVISION_BY_ZERO: &str = "22012";
const BAD_TEXT: &str = "22P02";
const DATA: &str = "22000";
const OUT_OF_MEMORY: &str = "53200";
const CANCELED: &str = "57014";
const INTERNAL: &str = "XX000";

pub(super) fn fault(code: &str, message: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("ERROR".to_owned(), code.to_owned(), message.into())))
}

/// Puts a code and a sentence on what planning and running say.
pub(super) struct Codes;

impl ErrorHandler for Codes {
    fn on_error<C: ClientInfo>(&self, _: &C, error: &mut PgWireError) {
        if let PgWireError::ApiError(source) = error
            && let Some((code, message)) = told(source.as_mut())
        {
            *error = fault(code, message);
        }
    }
}

/// What is to be said of an error; none when nothing is known about it.
pub(super) fn told(
    source: &mut (dyn std::error::Error + Send + Sync + 'static),
) -> Option<(&'static str, String)> {
    if let Some(error) = source.downcast_ref::<ParserError>() {
        return Some((SYNTAX, error.to_string()));
    }
    let place = source.downcast_mut::<DataFusionError>()?;
    let error = std::mem::replace(place, DataFusionError::Internal(String::new()));
    let code = code(&error);
    let error = SqlError::from(error);
    let code = match &error {
        SqlError::Timeout(_) => CANCELED,
        SqlError::TooLarge(_) => OUT_OF_MEMORY,
        SqlError::Bad(_) | SqlError::Failed(_) => code,
    };
    Some((code, error.to_string()))
}

fn code(error: &DataFusionError) -> &'static str {
    match error.find_root() {
        DataFusionError::SQL(..) => SYNTAX,
        DataFusionError::SchemaError(why, _) => match **why {
            SchemaError::FieldNotFound { .. } => UNDEFINED_COLUMN,
            SchemaError::AmbiguousReference { .. } => AMBIGUOUS_COLUMN,
            _ => SYNTAX_OR_ACCESS,
        },
        // The planner has words for these and no kinds.
        DataFusionError::Plan(why) if why.starts_with("table ") && why.ends_with(" not found") => {
            UNDEFINED_TABLE
        }
        DataFusionError::Plan(why) if why.starts_with("Invalid function") => UNDEFINED_FUNCTION,
        DataFusionError::Plan(_) | DataFusionError::Configuration(_) => SYNTAX_OR_ACCESS,
        DataFusionError::NotImplemented(_) => NOT_SUPPORTED,
        DataFusionError::ArrowError(why, _) => match **why {
            ArrowError::DivideByZero => DIVISION_BY_ZERO,
            ArrowError::CastError(_) | ArrowError::ParseError(_) => BAD_TEXT,
            _ => DATA,
        },
        DataFusionError::Execution(_) => DATA,
        _ => INTERNAL,
    }
}
