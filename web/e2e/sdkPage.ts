// A shop's page as its developers write it: OpenTelemetry's web SDK, with spans of the load and of requests. Built and
// served by `sdk.spec.ts`. In its address: `to`, where spans are sent; `service`; `key`, a header to send along.
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { DocumentLoadInstrumentation } from '@opentelemetry/instrumentation-document-load';
import { FetchInstrumentation } from '@opentelemetry/instrumentation-fetch';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, WebTracerProvider } from '@opentelemetry/sdk-trace-web';

export interface Shop {
  /** A click that asks the shop's server and fails; the id of its trace. */
  buy: () => Promise<string>;
  /** A span that ends and is not sent yet. */
  linger: (name: string) => void;
  flush: () => Promise<void>;
}

declare global {
  interface Window {
    shop: Shop;
  }
}

const said = new URLSearchParams(location.search);
const key = said.get('key');
const exporter = new OTLPTraceExporter({
  url: `${said.get('to') ?? ''}/v1/traces`,
  ...(key === null ? {} : { headers: { 'x-api-key': key } }),
});
const provider = new WebTracerProvider({
  resource: resourceFromAttributes({ 'service.name': said.get('service') ?? 'shop', 'service.version': '7' }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
});
provider.register();
registerInstrumentations({ instrumentations: [new DocumentLoadInstrumentation(), new FetchInstrumentation()] });
const tracer = trace.getTracer('shop', '1.0');

window.shop = {
  async buy() {
    const span = tracer.startSpan('buy', { attributes: { item: 'tea', cents: 250, gift: true } });
    await context.with(trace.setSpan(context.active(), span), async () => fetch('/stock'));
    span.recordException(new RangeError('out of stock'));
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'nothing left' });
    span.end();
    return span.spanContext().traceId;
  },
  linger: (name) => {
    tracer.startSpan(name).end();
  },
  flush: async () => provider.forceFlush(),
};
