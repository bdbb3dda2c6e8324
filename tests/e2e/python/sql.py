"""Asks one statement in all three formats and compares the answers, cell by cell. Prints what the columns were."""
import csv
import io
import json
import sys
import urllib.parse
import urllib.request

import numpy
import pyarrow as pa
import pyarrow.ipc


def fetch(url, statement, how, limit):
    query = urllib.parse.urlencode({"query": statement, "format": how, "limit": limit})
    with urllib.request.urlopen(f"{url}/api/pharos/sql?{query}") as answer:
        return answer.headers["content-type"], answer.read()


def nanoseconds(text):
    """RFC 3339 in UTC, to the nanosecond."""
    return int(numpy.datetime64(text.removesuffix("Z"), "ns").astype("int64"))


def number(text):
    return float(text.replace("Inf", "inf"))


def of_json(value, sort):
    if value is None:
        return None
    if sort in ("timestamptz", "timestamp"):
        return nanoseconds(value)
    if sort in ("double precision", "real"):
        return number(value) if isinstance(value, str) else float(value)
    return value


def of_arrow(column):
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64())
    values = column.to_pylist()
    if pa.types.is_decimal(column.type) or pa.types.is_date(column.type):
        return [None if value is None else str(value) for value in values]
    return values


def of_csv(text, sort):
    """A reader of CSV knows no null: what is empty is either."""
    if text == "":
        return None
    if sort in ("timestamptz", "timestamp"):
        return nanoseconds(text)
    if sort in ("double precision", "real"):
        return number(text)
    if sort in ("bigint", "integer", "smallint"):
        return int(text)
    if sort == "boolean":
        return {"true": True, "false": False}[text]
    return text


def same(left, right):
    """Not a number is itself here."""
    return left == right or (left != left and right != right)


def main(url, statement, limit):
    (json_type, document), (arrow_type, stream), (csv_type, text) = (fetch(url, statement, how, limit) for how in ("json", "arrow", "csv"))
    assert json_type == "application/json", json_type
    assert arrow_type == "application/vnd.apache.arrow.stream", arrow_type
    assert csv_type.startswith("text/csv"), csv_type
    answer = json.loads(document)
    names = [column["name"] for column in answer["columns"]]
    sorts = [column["type"] for column in answer["columns"]]
    rows = [[of_json(value, sort) for value, sort in zip(row, sorts)] for row in answer["rows"]]

    table = pyarrow.ipc.open_stream(stream).read_all()
    assert table.column_names == names, table.column_names
    columns = [of_arrow(table.column(i)) for i in range(table.num_columns)]
    assert table.num_rows == len(rows), f"{table.num_rows} rows in Arrow, {len(rows)} in JSON"

    lines = list(csv.reader(io.StringIO(text.decode(), newline="")))
    assert lines[0] == names, lines[0]
    assert len(lines) - 1 == len(rows), f"{len(lines) - 1} rows in CSV, {len(rows)} in JSON"

    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            place = f"row {i}, {names[j]} ({sorts[j]})"
            assert same(columns[j][i], value), f"{place}: {columns[j][i]!r} in Arrow, {value!r} in JSON"
            read = of_csv(lines[i + 1][j], sorts[j])
            assert same(read, None if value == "" else value), f"{place}: {read!r} in CSV, {value!r} in JSON"
    print(json.dumps({"rows": len(rows), "types": dict(zip(names, sorts)), "truncated": answer["truncated"]}))


main(sys.argv[1], sys.argv[2], sys.argv[3])
