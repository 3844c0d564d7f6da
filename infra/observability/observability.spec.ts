import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describeIf } from '@muster/embedded/testing';

const HERE = __dirname;
const ROOT = join(HERE, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const { groups } = parse(read('infra/observability/prometheus/alerts.yml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

describe('an alert', () => {
  it('says what is wrong, how bad it is, and where it stands what to do', () => {
    const operations = read('docs/operations.md');
    const anchors = [...operations.matchAll(/<a id="(\w+)"><\/a>`(\w+)`/g)].map(([, id, name]) => [name, id]);
    expect(anchors.length).toBeGreaterThan(10);
    for (const { alert, labels, annotations } of rules) {
      expect([alert, ['critical', 'warning'].includes(labels['severity'] ?? '')]).toEqual([alert, true]);
      expect([alert, annotations['summary']]).toEqual([alert, expect.stringMatching(/\.$/)]);
      expect(annotations['runbook']).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    }
    expect(anchors).toEqual(expect.arrayContaining(rules.map(({ alert }) => [alert, alert.toLowerCase()])));
    expect(anchors).toHaveLength(rules.length);
  });
});

describe('the dashboard', () => {
  it('is what its script makes', () => {
    const script = join(HERE, 'grafana/dashboard.mjs');
    const made = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    expect(made.stderr).toBe('');
    expect(read('infra/observability/grafana/dashboards/muster.json')).toBe(made.stdout);
  });

  it('has panels that do not overlap, each with a number of its own', () => {
    const { panels } = JSON.parse(read('infra/observability/grafana/dashboards/muster.json')) as {
      panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[];
    };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${String(x + (i % w))},${String(y + Math.floor(i / w))}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
  });
});

const promtool = spawnSync('promtool', ['--version']).status === 0;

describeIf(promtool, 'promtool is not installed')('the alerts in the eyes of Prometheus', () => {
  const check = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync('promtool', args, {
      cwd: join(HERE, 'prometheus'),
      encoding: 'utf8',
    });
    return status === 0 ? 'ok' : `${stdout}${stderr}`;
  };

  it('are well formed, and fire when they should and not otherwise', () => {
    expect(check('check', 'rules', 'alerts.yml')).toBe('ok');
    expect(check('check', 'config', '--syntax-only', 'prometheus.yml')).toBe('ok');
    expect(check('test', 'rules', 'alerts.test.yml')).toBe('ok');
  });
});
