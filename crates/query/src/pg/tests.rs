use super::errors::told;
use super::{guard, prepare};
use datafusion::catalog::MemoryCatalogProvider;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_postgres::datafusion_pg_catalog::sql::PostgresCompatibilityParser;
use datafusion_postgres::pgwire::api::Type;
use search::sql::{CATALOG, SCHEMA};
use std::sync::Arc;

/// A session as the server's, without tables.
async fn context() -> SessionContext {
    let config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true);
    let context = SessionContext::new_with_config(config);
    context.register_catalog(CATALOG, Arc::new(MemoryCatalogProvider::new()));
    prepare(&context).await.unwrap();
    context
}

fn refused(sql: &str) -> bool {
    let statements = PostgresCompatibilityParser::new().parse(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    statements.iter().any(|statement| guard::refusal(statement).is_some())
}

#[test]
fn what_reads_passes_and_what_writes_does_not() {
    for sql in [
        "SELECT 1",
        "WITH a AS (SELECT 1) SELECT * FROM a UNION SELECT 2",
        "VALUES (1)",
        "EXPLAIN ANALYZE SELECT 1",
        "PREPARE p AS SELECT $1::int",
        "EXECUTE p(1)",
        "DEALLOCATE ALL",
        "DISCARD ALL",
        "BEGIN",
        "SAVEPOINT a",
        "ROLLBACK TO SAVEPOINT a",
        "SET search_path = public",
        "SHOW timezone",
    ] {
        assert!(!refused(sql), "{sql}");
    }
    for sql in [
        "DELETE FROM a",
        "UPDATE a SET b = 1",
        "INSERT INTO a VALUES (1)",
        "CREATE TABLE a (b int)",
        "DROP TABLE a",
        "TRUNCATE a",
        "SELECT 1 AS b INTO a",
        "WITH c AS (SELECT 1) SELECT * INTO a FROM c",
        "COPY (SELECT 1) TO '/tmp/a'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/a'",
        "EXPLAIN ANALYZE DELETE FROM a",
        "PREPARE p AS DELETE FROM a",
        "GRANT SELECT ON a TO b",
    ] {
        assert!(refused(sql), "{sql}");
    }
}

async fn cell(context: &SessionContext, sql: &str) -> Result<String, String> {
    let rows = context.sql(sql).await.map_err(|e| e.to_string())?;
    let batches = rows.collect().await.map_err(|e| e.to_string())?;
    let batch = batches.first().ok_or("no rows")?;
    let value = datafusion::common::ScalarValue::try_from_array(batch.column(0), 0);
    value.map(|value| value.to_string()).map_err(|e| e.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_tools_call_are_there() {
    let context = context().await;
    for (sql, expected) in [
        ("SELECT current_setting('server_version_num')", "160006"),
        ("SELECT current_setting('Search_Path')", "public"),
        ("SELECT coalesce(current_setting('nope', true), 'none')", "none"),
        ("SELECT set_config('search_path', 'a', false)", "a"),
        ("SELECT coalesce(obj_description(1, 'pg_class'), 'none')", "none"),
        ("SELECT pg_is_in_recovery()", "false"),
        ("SELECT has_column_privilege('a', 'b', 'select')", "true"),
        ("SELECT format('%s %I.%I %L %%', 1, 'a', 'B c', 'it''s')", "1 a.\"B c\" 'it''s' %"),
    ] {
        assert_eq!(cell(&context, sql).await, Ok(expected.to_owned()), "{sql}");
    }
    assert!(cell(&context, "SELECT version()").await.is_ok_and(|v| v.starts_with("PostgreSQL 16.6")));
    let error = cell(&context, "SELECT current_setting('nope')").await.unwrap_err();
    assert!(error.contains("unrecognized configuration parameter"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_codes() {
    let context = context().await;
    for (sql, code) in [
        ("SELEC 1", "42601"),
        ("SELECT nope FROM (VALUES (1)) t (a)", "42703"),
        ("SELECT * FROM nope", "42P01"),
        ("SELECT nope(1)", "42883"),
        ("SELECT 1 / 0", "22012"),
        ("SELECT arrow_cast('x', 'Int64')", "22P02"),
    ] {
        let mut error = match context.sql(sql).await {
            Ok(rows) => rows.collect().await.expect_err(sql),
            Err(error) => error,
        };
        assert_eq!(told(&mut error).map(|(code, _)| code), Some(code), "{sql}");
    }
}

#[test]
fn catalogs_are_asked_for_what_can_be_planned() {
    use super::rewrite::plannable;
    for (sql, expected) in [
        ("SELECT relacl FROM pg_class", "SELECT NULL::TEXT[] AS \"relacl\" FROM pg_class"),
        (
            "SELECT NULL, NULL, obj_description(c.oid) FROM pg_class c",
            "SELECT NULL AS \"?column?0\", NULL AS \"?column?1\", NULL::TEXT AS \"obj_description\" FROM pg_class c",
        ),
        (
            "SELECT a, (SELECT b FROM pg_class WHERE c = $1) FROM pg_type WHERE d = $2 OR e",
            "SELECT a, (SELECT b FROM pg_class WHERE c = $1) FROM pg_type WHERE (d = $2 OR e) AND (CAST($1 AS TEXT) IS NULL OR true)",
        ),
        (
            "SELECT a FROM pg_type t WHERE t.oid = to_regtype($1)",
            "SELECT a FROM pg_type t WHERE t.oid = (SELECT max(r.oid) FROM pg_catalog.pg_type r WHERE r.typname = $1)",
        ),
        (
            "SELECT a FROM pg_class WHERE b IN (SELECT trim(s) FROM string_to_array(current_setting('search_path'), ',') s)",
            "SELECT a FROM pg_class WHERE b IN ('public')",
        ),
        ("SELECT a = 'pg_catalog.array_in'::regproc FROM pg_type", "SELECT a = 'array_in' FROM pg_type"),
        (
            "SELECT array_to_string(ARRAY(SELECT a FROM pg_policy WHERE b = c.oid), ',') FROM pg_catalog.pg_class c",
            "SELECT array_to_string(NULL::TEXT[], ',') FROM pg_catalog.pg_class AS c",
        ),
        (
            "SELECT CASE WHEN a <> $1 THEN (SELECT json_build_object($2, d) FROM pg_sequence) ELSE NULL END AS e FROM pg_attribute WHERE f = $3",
            "SELECT NULL::TEXT AS e FROM pg_attribute WHERE ((f = $3) AND (CAST($1 AS TEXT) IS NULL OR true)) AND (CAST($2 AS TEXT) IS NULL OR true)",
        ),
        (
            "SELECT CASE WHEN a THEN (SELECT pg_get_expr(b, c) FROM pg_attrdef) ELSE d END FROM pg_attribute",
            "SELECT CASE WHEN a THEN NULL::TEXT ELSE d END FROM pg_attribute",
        ),
        (
            "SELECT a FROM pg_class WHERE e = ANY (SELECT f FROM pg_type WHERE g)",
            "SELECT a FROM pg_class WHERE e = ANY (SELECT f FROM pg_type WHERE g)",
        ),
        ("SELECT array(1) FROM pg_class", "SELECT array(1) FROM pg_class"),
        ("SELECT relacl FROM logs", "SELECT relacl FROM logs"),
        (
            "SELECT a FROM (SELECT a FROM logs LIMIT $1) b LIMIT 5 OFFSET $2",
            "SELECT a FROM (SELECT a FROM logs LIMIT CAST($1 AS BIGINT)) AS b LIMIT 5 OFFSET CAST($2 AS BIGINT)",
        ),
        (
            "SELECT a FROM logs WHERE a = ANY($1) AND b <> ALL ($2) AND c = ANY(ARRAY['d'])",
            "SELECT a FROM logs WHERE a = ANY(CAST($1 AS TEXT[])) AND b <> ALL(CAST($2 AS TEXT[])) AND c = ANY(ARRAY['d'])",
        ),
        ("SELECT '$1' FROM logs LIMIT 5", "SELECT '$1' FROM logs LIMIT 5"),
        ("SELECT relacl FROM pg_class WHERE", "SELECT relacl FROM pg_class WHERE"),
        (
            "SELECT col_description(1::regclass::oid, 1) FROM pg_class",
            "SELECT NULL::TEXT AS \"col_description\" FROM pg_class",
        ),
        ("SELECT * FROM information_schema.columns c", "SELECT * FROM pg_information.columns AS c"),
        ("SELECT * FROM information_schema.tables", "SELECT * FROM information_schema.tables"),
        ("SELECT * FROM pg_indexes", "SELECT * FROM pg_information.pg_indexes"),
        (
            "SELECT c.conname, a.n AS \"Key\" FROM pg_constraint c, a WHERE c.conkey[1] = 2",
            "SELECT NULL::TEXT AS \"conname\", NULL::TEXT AS \"Key\" WHERE false",
        ),
        (
            "SELECT 1 FROM pg_type t WHERE (SELECT c.relkind = 'c' FROM pg_class c WHERE c.oid = t.typrelid)",
            "SELECT 1 AS \"?column?0\" FROM pg_type AS t WHERE (SELECT bool_or(c.relkind = 'c') FROM pg_class AS c WHERE c.oid = t.typrelid)",
        ),
    ] {
        assert_eq!(
            plannable(sql, &[]).to_lowercase().replace(" as ", " "),
            expected.to_lowercase().replace(" as ", " "),
            "{sql}"
        );
    }
}

#[test]
fn a_length_of_time_is_what_the_client_says() {
    use super::rewrite::plannable;
    let sql = "SELECT a FROM logs WHERE time > now() - $1 AND b = $2";
    let types = [Some(Type::INTERVAL), Some(Type::INT8)];
    let put = "SELECT a FROM logs WHERE time > now() - CAST($1 AS INTERVAL) AND b = $2";
    assert_eq!(plannable(sql, &types), put);
    let left_out = "SELECT CASE WHEN a <> $2 THEN NULL END AS b FROM pg_class WHERE c = $1";
    let named = plannable(left_out, &types);
    assert!(named.ends_with("AND (CAST($2 AS BIGINT) IS NULL OR true)"), "{named}");
    assert_eq!(plannable(sql, &[None, None]), sql);
    assert_eq!(plannable(sql, &[]), sql);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_a_role() {
    let context = context().await;
    assert_eq!(cell(&context, "SELECT rolname FROM pg_catalog.pg_roles").await, Ok("postgres".to_owned()));
}
