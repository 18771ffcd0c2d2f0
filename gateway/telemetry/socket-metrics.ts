import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WebSocketStats } from '../subscriptions/websocket.js';

/** Tells of clients that stay connected what their doors know of them when somebody asks. */
export function addSocketMetrics(registry: Registry, stats: () => WebSocketStats): void {
  const registers = [registry];

  function addCounter(name: string, help: string, read: (stats: WebSocketStats) => number): void {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read(stats()));
      },
    });
  }

  function addGauge(name: string, help: string, read: (stats: WebSocketStats) => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(stats()));
      },
    });
  }

  new Gauge({
    name: 'galaxia_websocket_connections',
    help: 'Open sockets of clients.',
    labelNames: ['state'],
    registers,
    collect() {
      const { sockets, uninitialised } = stats();
      this.set({ state: 'uninitialised' }, uninitialised);
      this.set({ state: 'initialised' }, sockets - uninitialised);
    },
  });
  new Gauge({
    name: 'galaxia_websocket_operations',
    help: 'Operations under way on sockets of clients.',
    labelNames: ['type'],
    registers,
    collect() {
      const { operations, subscriptions } = stats();
      this.set({ type: 'subscription' }, subscriptions);
      this.set({ type: 'other' }, Math.max(0, operations - subscriptions));
    },
  });
  new Histogram({
    name: 'galaxia_websocket_operations_per_connection',
    help: 'Open sockets by how many operations are under way on them: as it is now, not since the start.',
    buckets: [0, 1, 2, 5, 10, 20, 50, 100],
    registers,
    collect() {
      this.reset();
      for (const operations of stats().operationsOfSockets()) this.observe(operations);
    },
  });
  addGauge('galaxia_websocket_unsent_bytes', 'Waits to be sent to sockets.', (each) => each.unsent().bytes);
  addGauge('galaxia_websocket_held_back_connections', 'Sockets to which nothing more is sent until their clients read.', (each) => {
    return each.unsent().heldBack;
  });
  addGauge('galaxia_stream_connections', 'Open streams of clients, by SSE and multipart.', ({ streams }) => streams);
  addCounter('galaxia_websocket_received_messages_total', 'Messages of clients on sockets.', ({ received }) => received);
  addCounter(
    'galaxia_websocket_results_total',
    'Events and other results that were sent to sockets and streams.',
    ({ delivered }) => delivered,
  );
  new Counter({
    name: 'galaxia_websocket_closes_total',
    help: 'Sockets that were closed, by the code: 1013 are clients too slow for their events, 4403 tokens that are over.',
    labelNames: ['code'],
    registers,
    collect() {
      this.reset();
      for (const [code, count] of stats().closes) this.inc({ code: code >= 1000 && code < 5000 ? code : 'other' }, count);
    },
  });
  new Counter({
    name: 'galaxia_websocket_refusals_total',
    help: 'Sockets that were not opened, by the HTTP status.',
    labelNames: ['status'],
    registers,
    collect() {
      this.reset();
      for (const [status, count] of stats().refusals) this.inc({ status }, count);
    },
  });
  addGauge('galaxia_subscription_channels', 'Different operations and variables that are subscribed to.', ({ fanOut }) => fanOut.channels);
  new Counter({
    name: 'galaxia_subscription_events_total',
    help: 'Events that subscribers got: completed for one alone (own), or made once for everyone (shared).',
    labelNames: ['completed'],
    registers,
    collect() {
      const { own, shared } = stats().fanOut;
      this.reset();
      this.inc({ completed: 'own' }, own);
      this.inc({ completed: 'shared' }, shared);
    },
  });
  addCounter('galaxia_subscription_events_made_total', 'Events that were made once for everyone.', ({ fanOut }) => fanOut.made);
}
