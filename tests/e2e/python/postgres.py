"""What Python's PostgreSQL clients do with the PostgreSQL port: psycopg in text and in binary, SQLAlchemy, pandas."""
import datetime
import sys

import pandas
import psycopg
import sqlalchemy

port = int(sys.argv[1])
where = f"host=127.0.0.1 port={port} user=ann dbname=pharos"

for binary in (False, True):
    with psycopg.connect(where) as connection:
        cursor = connection.cursor(binary=binary)
        cursor.execute("SELECT name, n, ratio, vip, note, time, trace_id FROM spans WHERE n = %s", [3])
        name, n, ratio, vip, note, time, trace_id = cursor.fetchone()
        assert (name, n, ratio, vip, note) == ("op 3", 3, 3.5, False, "it's \"3\""), (name, n, ratio, vip, note)
        assert trace_id == "0af7651916cd43dd8448eb211c80319c", trace_id
        assert isinstance(time, datetime.datetime) and time.utcoffset() == datetime.timedelta(0), time
        cursor.execute("SELECT name FROM spans WHERE time = %s", [time])
        # PostgreSQL's times end at the microsecond, those of spans do not.
        assert cursor.fetchall() == [], "a time without its nanoseconds is another"
        cursor.execute("SELECT count(*) FROM spans WHERE time >= %s AND time < %s AND vip = %s AND ratio >= %s", [time, time + datetime.timedelta(seconds=1), True, 0.5])
        assert cursor.fetchone() == (500,), "a count between two times"
        cursor.execute("SELECT note FROM spans WHERE n = %s", [4])
        assert cursor.fetchone() == (None,)
        # From the sixth time on, the statement is prepared at the server.
        for i in range(8):
            cursor.execute("SELECT n FROM spans WHERE name = %s AND n = %s", [f"op {i % 7}", i])
            assert cursor.fetchone() == (i,)
        cursor.execute("SELECT 1.5::numeric(10, 2), date '2024-02-29', 7::smallint, 'x'::text, NULL::bigint", prepare=True)
        row = cursor.fetchone()
        assert [str(value) for value in row] == ["1.50", "2024-02-29", "7", "x", "None"], row
        cursor.execute("SELECT n FROM spans WHERE n = ANY(%s) ORDER BY n", [[1, 2, 3]])
        assert cursor.fetchall() == [(1,), (2,), (3,)]
        cursor.execute("SELECT count(*) FROM spans WHERE name = ANY(%s) AND name <> ALL(%s)", [["op 1", "op 2"], ["op 2"]])
        assert cursor.fetchone() == (429,)
        cursor.execute("SELECT count(*) FROM spans WHERE time > now() - %s AND service = %s", [datetime.timedelta(days=1), "shop"])
        assert cursor.fetchone() == (3000,), "a length of time"
        cursor.execute("SELECT name, count(*) * 2 FROM spans WHERE service = 'shop' GROUP BY name ORDER BY 2 DESC, 1 LIMIT 1")
        assert cursor.fetchone()[1] == 858
        cursor.execute("SELECT n FROM spans WHERE service = %s ORDER BY n LIMIT %s OFFSET %s", ["shop", 2, 5])
        assert cursor.fetchall() == [(5,), (6,)]

with psycopg.connect(where) as connection:
    with connection.cursor(name="pages") as pages:
        pages.itersize = 700
        pages.execute("SELECT n FROM spans WHERE service = 'shop' ORDER BY n")
        assert [n for (n,) in pages] == list(range(3000)), "a cursor kept by the server"
    connection.commit()
    try:
        connection.execute("SELECT nope FROM spans")
        raise AssertionError("no such column")
    except psycopg.errors.UndefinedColumn:
        connection.rollback()
    with connection.transaction():
        connection.execute("SELECT 1")
        try:
            with connection.transaction():
                connection.execute("SELECT * FROM nope")
        except psycopg.errors.UndefinedTable:
            pass
        assert connection.execute("SELECT 2").fetchone() == (2,), "after a savepoint"
    try:
        connection.execute("DELETE FROM spans")
        raise AssertionError("a table was changed")
    except psycopg.errors.ReadOnlySqlTransaction:
        connection.rollback()

with psycopg.connect(where, autocommit=True) as connection:
    with connection.pipeline():
        asked = [connection.execute("SELECT %s::bigint", [i]) for i in range(20)]
        assert [one.fetchone() for one in asked] == [(i,) for i in range(20)], "a pipeline"

engine = sqlalchemy.create_engine(f"postgresql+psycopg://ann@127.0.0.1:{port}/pharos")
look = sqlalchemy.inspect(engine)
assert sorted(look.get_table_names()) == ["errors", "logs", "spans"], look.get_table_names()
assert "public" in look.get_schema_names(), look.get_schema_names()
frame = pandas.read_sql("SELECT name, count(*) AS n, avg(duration) AS mean FROM spans WHERE service = 'shop' GROUP BY name ORDER BY name", engine)
assert frame["n"].sum() == 3000 and len(frame) == 7, frame
columns = {column["name"]: str(column["type"]) for column in look.get_columns("spans")}
assert columns["time"] == "TIMESTAMP" and columns["duration"] == "BIGINT" and columns["vip"] == "BOOLEAN", columns
engine.dispose()
