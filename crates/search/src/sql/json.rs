//! What statements read out of JSON: bodies of log records and attributes that are lists or objects.
//!
//! `body -> 'order'` is the JSON under a key, `body ->> 'id'` the text; `json_get_int(body, 'order', 'id')` and its like
//! walk a path of keys and places in lists, and give a type. What is no JSON, or has nothing there, is null. Only what
//! lies on the path is read; the rest is passed over.

use crate::text::is_bare_in_json;
use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue, exec_err, plan_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

/// Teaches a session the functions and the arrows.
pub(super) fn register(session: &mut dyn FunctionRegistry) -> Result<()> {
    for form in Form::ALL {
        session.register_udf(form.function())?;
    }
    session.register_expr_planner(Arc::new(Arrows))
}

/// What a value becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    /// As it is written.
    Json,
    /// A string without its quotes, the rest as it is written.
    Text,
    Str,
    Int,
    Float,
    Bool,
}

impl Form {
    const ALL: [Form; 6] = [Form::Json, Form::Text, Form::Str, Form::Int, Form::Float, Form::Bool];

    /// The name, and what PostgreSQL's, ClickHouse's and DuckDB's users call it.
    fn names(self) -> &'static [&'static str] {
        match self {
            Form::Json => &["json_get", "json_extract_path", "jsonb_extract_path", "jsonextractraw"],
            Form::Text => &["json_as_text", "json_extract_path_text", "jsonb_extract_path_text"],
            Form::Str => &["json_get_str", "jsonextractstring", "json_extract_string"],
            Form::Int => &["json_get_int", "jsonextractint", "jsonextractuint"],
            Form::Float => &["json_get_float", "jsonextractfloat"],
            Form::Bool => &["json_get_bool", "jsonextractbool"],
        }
    }

    fn function(self) -> Arc<ScalarUDF> {
        let aliases = self.names()[1..].iter().map(|name| (*name).to_owned()).collect();
        let signature = Signature::variadic_any(Volatility::Immutable);
        Arc::new(ScalarUDF::from(JsonGet { form: self, aliases, signature }))
    }

    fn data_type(self) -> DataType {
        match self {
            Form::Json | Form::Text | Form::Str => DataType::Utf8,
            Form::Int => DataType::Int64,
            Form::Float => DataType::Float64,
            Form::Bool => DataType::Boolean,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonGet {
    form: Form,
    aliases: Vec<String>,
    signature: Signature,
}

impl ScalarUDFImpl for JsonGet {
    fn name(&self) -> &str {
        self.form.names()[0]
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types.first() {
            Some(DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null) => {
                Ok(self.form.data_type())
            }
            _ => plan_err!(
                "{}() takes text that is JSON, then keys: {}(body, 'key')",
                self.name(),
                self.name()
            ),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let path =
            args.args[1..].iter().map(|step| Step::of(step, self.name())).collect::<Result<Vec<_>>>()?;
        let is_scalar = matches!(args.args[0], ColumnarValue::Scalar(_));
        let texts = args.args[0].to_array(if is_scalar { 1 } else { args.number_rows })?;
        let texts = arrow::compute::cast(&texts, &DataType::Utf8View)?;
        let found = texts.as_string_view().iter().map(|text| find(text?, &path));
        let array: ArrayRef = match self.form {
            Form::Json => {
                Arc::new(found.map(|json| json.filter(|json| *json != "null")).collect::<StringArray>())
            }
            Form::Text => Arc::new(found.map(|json| text(json?)).collect::<StringArray>()),
            Form::Str => Arc::new(found.map(|json| string(json?)).collect::<StringArray>()),
            Form::Int => Arc::new(found.map(|json| value(json?)?.as_i64()).collect::<Int64Array>()),
            Form::Float => Arc::new(found.map(|json| value(json?)?.as_f64()).collect::<Float64Array>()),
            Form::Bool => Arc::new(found.map(|json| value(json?)?.as_bool()).collect::<BooleanArray>()),
        };
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)),
            false => Ok(ColumnarValue::Array(array)),
        }
    }
}

/// A step of a path.
#[derive(Debug)]
enum Step {
    Key(String),
    /// From 0; from the end when negative.
    Place(i64),
}

impl Step {
    fn of(value: &ColumnarValue, function: &str) -> Result<Step> {
        let ColumnarValue::Scalar(value) = value else {
            return exec_err!("{function}(): a key is text or a number, the same for all rows");
        };
        match value {
            ScalarValue::Utf8(Some(key))
            | ScalarValue::LargeUtf8(Some(key))
            | ScalarValue::Utf8View(Some(key)) => Ok(Step::Key(key.clone())),
            ScalarValue::Int64(Some(place)) => Ok(Step::Place(*place)),
            ScalarValue::Int32(Some(place)) => Ok(Step::Place(i64::from(*place))),
            _ => exec_err!("{function}(): a key is text or a number"),
        }
    }
}

/// The JSON at the end of a path.
fn find<'a>(json: &'a str, path: &[Step]) -> Option<&'a str> {
    let mut json = json;
    for step in path {
        let found: &RawValue = match step {
            Step::Key(key) => {
                // What cannot hold the key need not be read.
                let is_missing = is_bare_in_json(key) && !json.contains(key.as_str());
                if is_missing || !json.trim_start().starts_with('{') {
                    return None;
                }
                serde_json::from_str::<HashMap<String, &RawValue>>(json).ok()?.remove(key)?
            }
            Step::Place(place) => {
                let list: Vec<&RawValue> = serde_json::from_str(json).ok()?;
                let at = if *place < 0 { list.len() as i64 + place } else { *place };
                list.get(usize::try_from(at).ok()?).copied()?
            }
        };
        json = found.get();
    }
    Some(json)
}

fn value(json: &str) -> Option<Value> {
    serde_json::from_str(json).ok()
}

fn string(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

fn text(json: &str) -> Option<String> {
    match json.trim() {
        "null" => None,
        quoted if quoted.starts_with('"') => string(quoted),
        other => Some(other.to_owned()),
    }
}

/// `->` and `->>`, which the planner knows only of maps.
#[derive(Debug)]
struct Arrows;

impl ExprPlanner for Arrows {
    fn plan_binary_op(&self, expr: RawBinaryExpr, _: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let form = match expr.op {
            BinaryOperator::Arrow => Form::Json,
            BinaryOperator::LongArrow => Form::Text,
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let arguments = vec![expr.left, expr.right];
        Ok(PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction::new_udf(form.function(), arguments))))
    }
}
