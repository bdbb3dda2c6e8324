"""Feeds the files of Pharos's event store to ClickHouse's engine (chdb) and to DuckDB, and asks both the same questions.

usage: events.py SPANS_DIR LOGS_DIR WORK_DIR QUESTIONS_JSON

The files are ordinary Parquet, so "the same events" is what was stored, to the row. Tables are sorted as the files are,
by service and time, with the default codec of each engine. Text of few distinct values is LowCardinality in ClickHouse,
as its OpenTelemetry schema has it. Prints one JSON object: sizes in bytes, times in milliseconds.
"""
import glob
import json
import os
import sys
import time

RUNS = 15
# A column with fewer distinct values than this in a sample is LowCardinality.
FEW = 10_000
SAMPLE = 200_000


def percentiles(milliseconds):
    ordered = sorted(milliseconds)
    return {"p50": ordered[len(ordered) // 2], "p95": ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]}


def measure(ask, queries):
    """Each query twice to warm it, then all of them until there are enough runs."""
    for query in queries[:2]:
        ask(query)
        ask(query)
    times = []
    for run in range(max(RUNS, len(queries))):
        query = queries[run % len(queries)]
        start = time.perf_counter()
        answer = ask(query)
        times.append((time.perf_counter() - start) * 1e3)
    return {**percentiles(times), "rows": answer}


def files(directory):
    found = sorted(glob.glob(os.path.join(directory, "**", "*.parquet"), recursive=True))
    if not found:
        raise SystemExit(f"no Parquet files under {directory}")
    return found


def schema(paths):
    """Name and Arrow type of every column of any of the files."""
    import pyarrow.parquet as pq

    columns = {}
    for path in paths:
        for field in pq.read_schema(path):
            columns.setdefault(field.name, field.type)
    return columns


def few_values(paths, name):
    """Whether a text column repeats its values, judged by the rows of one file."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    best = max(paths, key=os.path.getsize)
    if name not in pq.read_schema(best).names:
        return True
    column = pq.ParquetFile(best).read_row_group(0, columns=[name]).column(0).slice(0, SAMPLE)
    return pc.count_distinct(column).as_py() < FEW


def clickhouse_type(name, kind, paths):
    text = str(kind)
    if text.startswith("timestamp"):
        return "DateTime64(9, 'UTC')"
    if text.startswith("fixed_size_binary"):
        length = text.split("[")[1].rstrip("]")
        return f"Nullable(FixedString({length}))"
    plain = {"int64": "Int64", "double": "Float64", "bool": "Bool", "uint32": "UInt32", "uint8": "UInt8"}
    if text in plain:
        return plain[text] if name in ("duration", "severity", "flags") else f"Nullable({plain[text]})"
    if name == "service":
        return "LowCardinality(String)"
    return "LowCardinality(Nullable(String))" if few_values(paths, name) else "Nullable(String)"


def clickhouse(tables, work, questions):
    import chdb.session

    session = chdb.session.Session(os.path.join(work, "clickhouse"))
    answer = {"version": str(session.query("SELECT version()", "TSV")).strip(), "tables": {}, "questions": {}}
    for table, paths in tables.items():
        columns = schema(paths)
        definition = ", ".join(f"`{name}` {clickhouse_type(name, kind, paths)}" for name, kind in columns.items())
        session.query(f"CREATE TABLE {table} ({definition}) ENGINE = MergeTree ORDER BY (service, time)")
        start = time.perf_counter()
        for path in paths:
            # A file has only the columns that its events have.
            present = [name for name in schema([path])]
            names = ", ".join(f"`{name}`" for name in present)
            session.query(f"INSERT INTO {table} ({names}) SELECT {names} FROM file('{path}', Parquet)")
        session.query(f"OPTIMIZE TABLE {table} FINAL")
        seconds = time.perf_counter() - start
        size = f"SELECT sum(bytes_on_disk), sum(rows) FROM system.parts WHERE active AND table = '{table}'"
        size_bytes, rows = str(session.query(size, "TSV")).split()
        answer["tables"][table] = {"bytes": int(size_bytes), "rows": int(rows), "seconds": seconds}
    for name, queries in questions.items():
        # Not as text: ids are bytes.
        ask = lambda query: session.query(query, "TSV").bytes().count(b"\n")
        answer["questions"][name] = measure(ask, queries["clickhouse"])
    session.close()
    return answer


def duckdb(tables, work, questions):
    import duckdb as engine

    path = os.path.join(work, "events.duckdb")
    database = engine.connect(path)
    answer = {"version": engine.__version__, "tables": {}, "questions": {}}
    before = 0
    for table, paths in tables.items():
        start = time.perf_counter()
        database.execute(
            f"CREATE TABLE {table} AS SELECT * FROM read_parquet($paths, union_by_name = true) ORDER BY service, time",
            {"paths": paths},
        )
        database.execute("CHECKPOINT")
        seconds = time.perf_counter() - start
        size = os.path.getsize(path)
        rows = database.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        answer["tables"][table] = {"bytes": size - before, "rows": rows, "seconds": seconds}
        before = size
    for name, queries in questions.items():
        answer["questions"][name] = measure(lambda query: len(database.execute(query).fetchall()), queries["duckdb"])
    database.close()
    return answer


def main():
    spans, logs, work, questions = sys.argv[1:]
    with open(questions) as file:
        asked = json.load(file)
    tables = {"spans": files(spans), "logs": files(logs)}
    wanted = os.environ.get("BENCH_SYSTEMS", "clickhouse,duckdb").split(",")
    answer = {}
    if "clickhouse" in wanted:
        answer["clickhouse"] = clickhouse(tables, work, asked)
    if "duckdb" in wanted:
        answer["duckdb"] = duckdb(tables, work, asked)
    json.dump(answer, sys.stdout)


main()
