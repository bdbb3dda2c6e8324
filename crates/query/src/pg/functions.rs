//! Functions that tools call when they connect and look around, and that the emulation of `pg_catalog` lacks.
//!
//! Sources: PostgreSQL's documentation, "System Information Functions" and "Configuration Settings Functions".

use super::session::setting;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::SessionContext;
use std::sync::Arc;

/// Nothing here has a comment, a view's text, an index.
const WITHOUT_TEXT: [&str; 14] = [
    "obj_description",
    "col_description",
    "shobj_description",
    "pg_get_viewdef",
    "pg_get_indexdef",
    "pg_get_ruledef",
    "pg_get_triggerdef",
    "pg_get_serial_sequence",
    "pg_get_function_identity_arguments",
    "pg_get_function_arguments",
    "pg_get_function_result",
    "pg_get_functiondef",
    "pg_size_pretty",
    "pg_tablespace_location",
];
/// Everybody sees everything and may read it.
const TRUE: [&str; 11] = [
    "has_column_privilege",
    "has_sequence_privilege",
    "has_function_privilege",
    "has_type_privilege",
    "has_any_column_privilege",
    "pg_type_is_visible",
    "pg_function_is_visible",
    "pg_operator_is_visible",
    "pg_opclass_is_visible",
    "pg_collation_is_visible",
    "pg_has_role",
];

pub(super) fn register(context: &SessionContext) {
    let text = |value: Option<&str>| ScalarValue::Utf8(value.map(str::to_owned));
    for name in WITHOUT_TEXT {
        context.register_udf(Fixed::udf(name, text(None)));
    }
    for name in TRUE {
        context.register_udf(Fixed::udf(name, ScalarValue::Boolean(Some(true))));
    }
    for name in ["pg_is_in_recovery", "pg_is_other_temp_schema"] {
        context.register_udf(Fixed::udf(name, ScalarValue::Boolean(Some(false))));
    }
    for name in ["pg_table_size", "pg_indexes_size", "pg_database_size"] {
        context.register_udf(Fixed::udf(name, ScalarValue::Int64(Some(0))));
    }
    context.register_udf(ScalarUDF::new_from_impl(Formatted {
        signature: Signature::variadic_any(Volatility::Immutable),
    }));
    // What reads it looks for the word and the number.
    let version = format!("PostgreSQL {} as Pharos speaks it", setting("server_version").unwrap_or_default());
    context.register_udf(Fixed::udf("version", text(Some(&version))));
    context.register_udf(Setting::udf("current_setting"));
    context.register_udf(Setting::udf("set_config"));
}

/// The same, whatever it is asked.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Fixed {
    name: &'static str,
    value: ScalarValue,
    signature: Signature,
}

impl Fixed {
    fn udf(name: &'static str, value: ScalarValue) -> ScalarUDF {
        let signature = Signature::one_of(
            vec![
                datafusion::logical_expr::TypeSignature::Nullary,
                datafusion::logical_expr::TypeSignature::VariadicAny,
            ],
            Volatility::Stable,
        );
        ScalarUDF::new_from_impl(Fixed { name, value, signature })
    }
}

impl ScalarUDFImpl for Fixed {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.value.data_type())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(self.value.clone()))
    }
}

/// `current_setting(name [, missing_ok])`: the settings of a session that said nothing about them. And
/// `set_config(name, value, is_local)`, which gives the value back: a function cannot know whose session it runs in.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Setting {
    name: &'static str,
    signature: Signature,
}

impl Setting {
    fn udf(name: &'static str) -> ScalarUDF {
        ScalarUDF::new_from_impl(Setting { name, signature: Signature::variadic_any(Volatility::Stable) })
    }
}

impl ScalarUDFImpl for Setting {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let given = |at: usize, data_type: &DataType| -> Result<Option<ArrayRef>> {
            Ok(columns.get(at).map(|column| cast(column, data_type)).transpose()?)
        };
        let (Some(names), second) = (given(0, &DataType::Utf8)?, columns.get(1)) else {
            return exec_err!("{} needs the name of a setting", self.name);
        };
        if self.name == "set_config" {
            let Some(values) = given(1, &DataType::Utf8)? else {
                return exec_err!("set_config needs a value");
            };
            return Ok(ColumnarValue::Array(values));
        }
        let missing_ok = match second {
            Some(_) => given(1, &DataType::Boolean)?,
            None => None,
        };
        let mut settings = Vec::with_capacity(names.len());
        for (row, name) in names.as_string::<i32>().iter().enumerate() {
            let value = name.and_then(setting);
            let may_be_missing = missing_ok.as_ref().is_some_and(|ok| ok.as_boolean().value(row));
            if let (Some(name), None, false) = (name, &value, may_be_missing) {
                return exec_err!("unrecognized configuration parameter \"{name}\"");
            }
            settings.push(value);
        }
        Ok(ColumnarValue::Array(Arc::new(StringArray::from(settings))))
    }
}

/// `format('%I.%s', …)`: `%s` a text, `%I` a name, `%L` a literal, `%%` a percent sign.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Formatted {
    signature: Signature,
}

impl ScalarUDFImpl for Formatted {
    fn name(&self) -> &str {
        "format"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let texts =
            columns.iter().map(|column| Ok(cast(column, &DataType::Utf8)?)).collect::<Result<Vec<_>>>()?;
        let Some((formats, values)) = texts.split_first() else {
            return exec_err!("format needs a text");
        };
        let mut out = Vec::with_capacity(formats.len());
        for (row, format) in formats.as_string::<i32>().iter().enumerate() {
            let value = |at: usize| {
                let column = values.get(at).map(|column| column.as_string::<i32>());
                column.map(|column| (!column.is_null(row)).then(|| column.value(row)))
            };
            out.push(format.map(|format| formatted(format, value)).transpose()?);
        }
        Ok(ColumnarValue::Array(Arc::new(StringArray::from(out))))
    }
}

fn formatted<'a>(format: &str, value: impl Fn(usize) -> Option<Option<&'a str>>) -> Result<String> {
    let mut out = String::with_capacity(format.len());
    let mut next = 0;
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let sort = chars.next();
        if sort == Some('%') {
            out.push('%');
            continue;
        }
        let Some(text) = value(next) else { return exec_err!("too few arguments for format()") };
        next += 1;
        match (sort, text) {
            (Some('s'), text) => out.push_str(text.unwrap_or_default()),
            (Some('I'), Some(name)) => out.push_str(&quoted_name(name)),
            (Some('I'), None) => return exec_err!("null values cannot be formatted as an SQL identifier"),
            (Some('L'), Some(text)) => {
                out.push('\'');
                out.push_str(&text.replace('\'', "''"));
                out.push('\'');
            }
            (Some('L'), None) => out.push_str("NULL"),
            _ => return exec_err!("format() knows %s, %I, %L and %%"),
        }
    }
    Ok(out)
}

fn quoted_name(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
