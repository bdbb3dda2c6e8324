//! Views of PostgreSQL that DataFusion's `information_schema` and the emulated `pg_catalog` lack or show otherwise.
//!
//! They stand in a schema of their own; [`super::rewrite`] sends those there who ask for them by their own names.
//! Source: PostgreSQL's documentation, "The Information Schema".

use super::session::DEFAULTS;
use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::MemTable;
use datafusion::datasource::empty::EmptyTable;
use datafusion::prelude::SessionContext;
use search::sql::CATALOG;
use std::collections::HashMap;
use std::sync::Arc;

/// Not shown by those who list schemas, as all that begin so.
pub(super) const SCHEMA: &str = "pg_information";

/// Types and numbers of columns as PostgreSQL tells them.
const COLUMNS: &str = "SELECT
    current_database() AS table_catalog, n.nspname AS table_schema, c.relname AS table_name, a.attname AS column_name,
    CAST(a.attnum AS INT) AS ordinal_position, CAST(NULL AS VARCHAR) AS column_default,
    CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable, format_type(a.atttypid, a.atttypmod) AS data_type,
    CAST(NULL AS INT) AS character_maximum_length, CAST(NULL AS INT) AS character_octet_length,
    CAST(NULL AS INT) AS numeric_precision, CAST(NULL AS INT) AS numeric_precision_radix, CAST(NULL AS INT) AS numeric_scale,
    CAST(NULL AS INT) AS datetime_precision, CAST(NULL AS VARCHAR) AS interval_type,
    CAST(NULL AS VARCHAR) AS character_set_name, CAST(NULL AS VARCHAR) AS collation_name,
    CAST(NULL AS VARCHAR) AS domain_name, current_database() AS udt_catalog, 'pg_catalog' AS udt_schema, t.typname AS udt_name,
    'NO' AS is_identity, CAST(NULL AS VARCHAR) AS identity_generation, 'NEVER' AS is_generated,
    CAST(NULL AS VARCHAR) AS generation_expression, 'NO' AS is_updatable
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attnum > 0 AND c.relkind IN ('r', 'v') AND n.nspname = 'public'";

const SETTINGS: &str = "pg_settings";
/// Its columns; of them `name` and those of the value are filled.
const SETTINGS_COLUMNS: &str = "name setting unit category short_desc extra_desc context vartype source min_val max_val enumvals boot_val reset_val sourcefile sourceline pending_restart";

/// Names of the columns of what has no rows, and the schema in which PostgreSQL has it.
const EMPTY: [(&str, &str, &str); 10] = [
    (
        "information_schema",
        "table_constraints",
        "constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name constraint_type is_deferrable initially_deferred enforced",
    ),
    (
        "information_schema",
        "key_column_usage",
        "constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name column_name ordinal_position position_in_unique_constraint",
    ),
    (
        "information_schema",
        "constraint_column_usage",
        "table_catalog table_schema table_name column_name constraint_catalog constraint_schema constraint_name",
    ),
    (
        "information_schema",
        "referential_constraints",
        "constraint_catalog constraint_schema constraint_name unique_constraint_catalog unique_constraint_schema unique_constraint_name match_option update_rule delete_rule",
    ),
    (
        "information_schema",
        "check_constraints",
        "constraint_catalog constraint_schema constraint_name check_clause",
    ),
    (
        "information_schema",
        "sequences",
        "sequence_catalog sequence_schema sequence_name data_type start_value increment",
    ),
    ("pg_catalog", "pg_indexes", "schemaname tablename indexname tablespace indexdef"),
    ("pg_catalog", "pg_policies", "schemaname tablename policyname permissive roles cmd qual with_check"),
    ("pg_catalog", "pg_sequences", "schemaname sequencename sequenceowner data_type start_value last_value"),
    ("pg_catalog", "pg_stat_activity", "datid datname pid usename application_name client_addr state query"),
];

/// Whether a table that was asked for stands here.
pub(super) fn is_there(schema: Option<&str>, table: &str) -> bool {
    match schema {
        Some("information_schema") if table == "columns" => true,
        None | Some("pg_catalog") if table == SETTINGS => true,
        Some(schema) => EMPTY.iter().any(|(of, name, _)| *of == schema && *name == table),
        // Those of `pg_catalog` need no schema before them.
        None => EMPTY.iter().any(|(of, name, _)| *of == "pg_catalog" && *name == table),
    }
}

/// The tables, which are not listed: to who lists tables they are not there.
#[derive(Debug)]
struct Unlisted(HashMap<String, Arc<dyn TableProvider>>);

#[async_trait]
impl SchemaProvider for Unlisted {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(self.0.get(name).cloned())
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// Makes the views. After `pg_catalog` is there.
pub(super) async fn register(context: &SessionContext) -> Result<()> {
    let mut tables = HashMap::from([("columns".to_owned(), context.sql(COLUMNS).await?.into_view())]);
    tables.insert(SETTINGS.to_owned(), settings()?);
    for (_, name, columns) in EMPTY {
        let field = |column: &str| {
            let number = column.ends_with("position") || column.ends_with("position_in_unique_constraint");
            Field::new(column, if number { DataType::Int32 } else { DataType::Utf8 }, true)
        };
        let schema = Schema::new(columns.split(' ').map(field).collect::<Vec<_>>());
        tables.insert(name.to_owned(), Arc::new(EmptyTable::new(Arc::new(schema))));
    }
    let catalog =
        context.catalog(CATALOG).ok_or_else(|| DataFusionError::Internal("no catalog".to_owned()))?;
    catalog.register_schema(SCHEMA, Arc::new(Unlisted(tables)))?;
    Ok(())
}

fn settings() -> Result<Arc<dyn TableProvider>> {
    let names: Vec<&str> = SETTINGS_COLUMNS.split(' ').collect();
    let column = |name: &&str| -> ArrayRef {
        Arc::new(match *name {
            "name" => StringArray::from_iter_values(DEFAULTS.iter().map(|(name, _)| *name)),
            "setting" | "boot_val" | "reset_val" => {
                StringArray::from_iter_values(DEFAULTS.iter().map(|(_, value)| *value))
            }
            _ => StringArray::new_null(DEFAULTS.len()),
        })
    };
    let schema =
        Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>());
    let batch = RecordBatch::try_new(Arc::new(schema), names.iter().map(column).collect())?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}
