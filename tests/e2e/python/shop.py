"""A FastAPI shop and a Django till behind it, with SQLAlchemy, all instrumented by OpenTelemetry's own packages.

usage: shop.py grpc|http ENDPOINT

Serves no port: both applications are called in this process, as their test clients do. Prints the trace id.
"""
import logging
import sys

from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

protocol, endpoint = sys.argv[1:]
if protocol == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    options = lambda signal: {"endpoint": endpoint, "insecure": True}
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    options = lambda signal: {"endpoint": f"{endpoint}/v1/{signal}"}

resource = Resource.create({"service.name": "python-shop", "service.version": "3.1.4"})
tracers = TracerProvider(resource=resource)
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(**options("traces"))))
trace.set_tracer_provider(tracers)
loggers = LoggerProvider(resource=resource)
loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(**options("logs"))))
set_logger_provider(loggers)
logging.getLogger().addHandler(LoggingHandler(level=logging.INFO, logger_provider=loggers))
logging.getLogger().setLevel(logging.INFO)
meters = MeterProvider(
    resource=resource, metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter(**options("metrics")))]
)
metrics.set_meter_provider(meters)

import django  # noqa: E402
from django.conf import settings  # noqa: E402

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="not secret", MIDDLEWARE=[])
DjangoInstrumentor().instrument()
django.setup()
from django.http import HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402


def till(request, amount):
    logging.getLogger("till").warning("charging %s cents", amount)
    return HttpResponse("paid")


urlpatterns = [path("charge/<int:amount>", till)]

from fastapi import FastAPI  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from sqlalchemy import create_engine, text  # noqa: E402

engine = create_engine("sqlite://")
SQLAlchemyInstrumentor().instrument(engine=engine)
app = FastAPI()
orders = metrics.get_meter("shop").create_counter("orders", unit="1")


@app.get("/buy/{item}")
def buy(item: int):
    with engine.connect() as connection:
        connection.execute(text("SELECT 40 + :item"), {"item": item})
    Client().get(f"/charge/{item}")
    orders.add(1, {"item.kind": "book"})
    logging.getLogger("shop").info("sold item %s", item)
    return {"trace": f"{trace.get_current_span().get_span_context().trace_id:032x}"}


@app.get("/fail")
def fail():
    raise RuntimeError("out of stock")


FastAPIInstrumentor.instrument_app(app)
client = TestClient(app, raise_server_exceptions=False)
print(client.get("/buy/2").json()["trace"])
client.get("/fail")
for provider in (tracers, loggers, meters):
    provider.force_flush()
    provider.shutdown()
