import type { WriteStream } from 'node:tty';
import type { ImportTotals } from '../services/import/user-import.js';

export interface Progress {
  show(totals: ImportTotals): void;
  end(): void;
}

const barWidth = 30;
/** How often a line is printed where there is no terminal to draw a bar on. In ms. */
const lineEveryMs = 5_000;

/** A bar that is drawn over on a terminal, now and then a plain line anywhere else. `from` is where this run begins. */
export function createProgress(options: {
  readonly total: number;
  readonly from: number;
  readonly stream: Pick<WriteStream, 'isTTY' | 'write'>;
  readonly now?: () => number;
}): Progress {
  const { total, from, stream, now = Date.now } = options;
  const startedAt = now();
  let printedAt = startedAt;
  let isDrawn = false;

  return {
    show({ rows, refused }) {
      const share = total === 0 ? 1 : Math.min(1, rows / total);
      const perSecond = (rows - from) / Math.max(0.001, (now() - startedAt) / 1000);
      const left = perSecond > 0 ? (total - rows) / perSecond : 0;
      const text = `${percent(share)} ${count(rows)} of ${count(total)} rows, ${count(refused)} refused, ${count(perSecond)}/s, ${clock(left)} left`;
      if (stream.isTTY) {
        const filled = Math.round(share * barWidth);
        stream.write(`\r${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${text}\u001b[K`);
        isDrawn = true;
      } else if (now() - printedAt >= lineEveryMs || rows >= total) {
        printedAt = now();
        stream.write(`${text}\n`);
      }
    },
    end() {
      if (isDrawn) stream.write('\n');
    },
  };
}

function percent(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)} %`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Minutes and seconds. */
function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${String(Math.floor(whole / 60))}:${String(whole % 60).padStart(2, '0')}`;
}
