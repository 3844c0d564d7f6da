// Writes the dashboard: node infra/observability/grafana/dashboard.mjs > infra/observability/grafana/dashboards/muster.json
// Rows of panels, each with what it asks Prometheus for; a spec compares the file and looks whether every figure exists.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const http = 'muster_http_request_duration_seconds';
const append = 'muster_event_store_append_duration_seconds';
const handle = 'muster_consumer_handle_duration_seconds';
const of = 'service=~"$service"';
const p99 = (figure, by) =>
  `histogram_quantile(0.99, sum by (${by}, le) (rate(${figure}_bucket{${of}}[$__rate_interval])))`;
const rate = (figure, by, more = '') => `sum by (${by}) (rate(${figure}{${of}${more}}[$__rate_interval]))`;
const most = (figure, by) => `max by (${by}) (${figure}{${of}})`;

/** `[title, unit, ...[expression, legend]]`; a stat is red where it is not zero. */
const ROWS = [
  [
    'Health and lag',
    ['Not ready', 'stat', [`sum(muster_readiness{${of}, status=~"degraded|unavailable"})`, 'processes']],
    [
      'Stopped',
      'stat',
      [
        `sum(${most('muster_projection_stopped', 'context, projection')}) + sum(${most('muster_consumer_stopped', 'consumer')}) + (sum(${most('muster_relay_stopped', 'relay')}) or vector(0))`,
        'parts',
      ],
    ],
    ['Keys set aside', 'stat', [`sum(${most('muster_consumer_parked_keys', 'consumer')})`, 'keys']],
    [
      'Dead letters, last day',
      'stat',
      [`sum(increase(muster_dead_letters_total{${of}}[1d])) or vector(0)`, 'messages'],
    ],
    [
      'Projections behind',
      's',
      [most('muster_projection_lag_seconds', 'context, projection'), '{{context}}.{{projection}}'],
    ],
    ['Consumers behind', 's', [most('muster_consumer_lag_seconds', 'consumer'), '{{consumer}}']],
    ['Relays behind', 's', [most('muster_relay_lag_seconds', 'relay'), '{{relay}}']],
    [
      'Events that projections have not seen',
      'short',
      [most('muster_projection_lag_events', 'context, projection'), '{{context}}.{{projection}}'],
      [most('muster_projection_rebuild_events', 'context, projection'), '{{context}}.{{projection}} (rebuild)'],
    ],
  ],
  [
    'Requests and commands',
    ['Requests', 'reqps', [rate(`${http}_count`, 'service, status'), '{{service}} {{status}}']],
    ['Slowest of a hundred, by route', 's', [`topk(10, ${p99(http, 'route')})`, '{{route}}']],
    ['Commands', 'ops', [rate('muster_commands_total', 'category, outcome'), '{{category}} {{outcome}}']],
    [
      'Calls of segments',
      'ops',
      [rate('muster_segments_call_duration_seconds_count', 'service, outcome'), '{{service}} {{outcome}}'],
      [most('muster_segments_breaker_open', 'service'), '{{service}} breaker open'],
    ],
  ],
  [
    'Builds and imports',
    ['Builds under way', 'short', [most('muster_audience_builds', 'state'), '{{state}}']],
    ['Progress', 'percentunit', [most('muster_audience_build_progress_ratio', 'campaign'), '{{campaign}}']],
    ['Since the activation', 's', [most('muster_audience_build_age_seconds', 'campaign'), '{{campaign}}']],
    [
      'Intake of audiences',
      'short',
      [most('muster_audience_intake_rows', 'service'), 'rows'],
      [most('muster_audience_parked_sources', 'service'), 'sources that wait'],
    ],
    ['Rows of imports', 'ops', [rate('muster_import_rows_total', 'outcome'), '{{outcome}}']],
    [
      'Imports',
      'short',
      [most('muster_imports', 'state'), '{{state}}'],
      [most('muster_import_silence_seconds', 'service'), 'silent for s'],
    ],
  ],
  [
    'Bus, relays, consumers',
    ['Handled', 'ops', [rate(`${handle}_count`, 'consumer, outcome'), '{{consumer}} {{outcome}}']],
    ['Slowest of a hundred', 's', [p99(handle, 'consumer'), '{{consumer}}']],
    ['Waiting for consumers', 'short', [most('muster_consumer_lag_events', 'consumer'), '{{consumer}}']],
    [
      'Messages in a batch of Kafka',
      'short',
      [
        `${rate('muster_consumer_batch_messages_sum', 'consumer')} / ${rate('muster_consumer_batch_messages_count', 'consumer')}`,
        '{{consumer}}',
      ],
    ],
    ['Published', 'ops', [rate('muster_relay_messages_total', 'relay'), '{{relay}}']],
    ['Events that relays have not seen', 'short', [most('muster_relay_lag_events', 'relay'), '{{relay}}']],
  ],
  [
    'Event store',
    ['Appended events', 'ops', [rate('muster_event_store_events_total', 'category'), '{{category}}']],
    ['Appends', 'ops', [rate(`${append}_count`, 'service, outcome'), '{{service}} {{outcome}}']],
    ['Slowest append of a hundred', 's', [p99(append, 'service'), '{{service}}']],
  ],
  [
    'Processes',
    [
      'Memory',
      'bytes',
      [most('process_resident_memory_bytes', 'instance'), '{{instance}}'],
      [most('nodejs_heap_size_used_bytes', 'instance'), '{{instance}} heap'],
    ],
    [
      'CPU',
      'percentunit',
      [`sum by (instance) (rate(process_cpu_seconds_total{${of}}[$__rate_interval]))`, '{{instance}}'],
    ],
    ['Event loop, slowest of a hundred', 's', [most('nodejs_eventloop_lag_p99_seconds', 'instance'), '{{instance}}']],
    [
      'Connections to Postgres',
      'short',
      [`sum by (service, context, state) (muster_postgres_connections{${of}})`, '{{service}} {{context}} {{state}}'],
    ],
  ],
];

const datasource = { type: 'prometheus', uid: '${datasource}' };
const SIZES = { stat: { w: 6, h: 4 }, graph: { w: 8, h: 8 } };

export function dashboard() {
  let y = 0;
  const panels = [];
  for (const [title, ...row] of ROWS) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: 24, h: 1 },
      panels: [],
    });
    let x = 0;
    let height = 0;
    for (const [name, unit, ...queries] of row) {
      const size = unit === 'stat' ? SIZES.stat : SIZES.graph;
      if (x + size.w > 24) [x, y, height] = [0, y + height, 0];
      panels.push({ id: panels.length + 1, ...panel(name, unit, queries), gridPos: { x, y, ...size } });
      [x, height] = [x + size.w, Math.max(height, size.h)];
    }
    y += height;
  }
  return {
    uid: 'muster',
    title: 'Muster',
    tags: ['muster'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: VARIABLES },
    annotations: { list: [ALERTS] },
    panels,
  };
}

const VARIABLES = [
  { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' },
  {
    name: 'service',
    label: 'Service',
    type: 'query',
    datasource,
    query: { query: 'label_values(up{job="muster"}, service)', refId: 'service' },
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
  },
];

/** Firing alerts as marks in every graph. */
const ALERTS = {
  name: 'Alerts',
  datasource,
  enable: true,
  iconColor: 'red',
  expr: 'ALERTS{alertname=~"Muster.*", alertstate="firing"}',
  titleFormat: '{{alertname}}',
};

function panel(title, unit, queries) {
  const targets = queries.map(([expr, legendFormat], i) => ({
    refId: String.fromCharCode(65 + i),
    datasource,
    expr,
    legendFormat,
  }));
  if (unit !== 'stat') {
    const defaults = { unit, min: 0, custom: { showPoints: 'never', fillOpacity: 8 } };
    const options = { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } };
    return { type: 'timeseries', title, datasource, targets, fieldConfig: { defaults, overrides: [] }, options };
  }
  const steps = [
    { color: 'green', value: null },
    { color: 'red', value: 1 },
  ];
  const defaults = { unit: 'short', decimals: 0, thresholds: { mode: 'absolute', steps } };
  const options = { colorMode: 'background', reduceOptions: { calcs: ['lastNotNull'] } };
  return { type: 'stat', title, datasource, targets, fieldConfig: { defaults, overrides: [] }, options };
}

/** A panel a line: differences can be read. */
export function text() {
  const { panels, ...rest } = dashboard();
  const lines = panels.map((each) => JSON.stringify(each)).join(',\n');
  return `${JSON.stringify(rest, null, 1).slice(0, -2)},\n "panels": [\n${lines}\n]}\n`;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) process.stdout.write(text());
