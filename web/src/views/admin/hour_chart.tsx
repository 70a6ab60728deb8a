/** A bar for each hour: completed, failed, and the rest, such as what is still under way. A table says the same to those who cannot see it. */
import type { Hour } from "../../admin/model";
import { clock } from "../../format";
import { texts } from "../../texts";

const WIDTH = 24;
const HEIGHT = 8;
const GAP = 0.2;

export function HourChart({ hours }: { hours: readonly Hour[] }) {
  const t = texts.value.admin;
  const most = Math.max(1, ...hours.map(({ accepted }) => accepted));
  const step = WIDTH / hours.length;
  return (
    <figure class="chart">
      <figcaption class="hint">{t.chart(most)}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {hours.map((hour, index) => (
          <g key={hour.at} transform={`translate(${index * step + (step * GAP) / 2} 0)`}>
            <title>{t.hour(clock(hour.at), hour.accepted, hour.completed, hour.failed)}</title>
            {stacked(hour, most).map(({ kind, y, height }) => <rect key={kind} class={kind} y={y} height={height} width={step * (1 - GAP)} />)}
          </g>
        ))}
      </svg>
      {/* A table itself would be as wide as its words. */}
      <div class="visually-hidden">
        <table>
          <thead><tr><th scope="col">{t.hourHead}</th><th scope="col">{t.accepted}</th><th scope="col">{t.completed}</th><th scope="col">{t.failed}</th></tr></thead>
          <tbody>
            {hours.map(({ at, accepted, completed, failed }) => (
              <tr key={at}><th scope="row">{clock(at)}</th><td>{accepted}</td><td>{completed}</td><td>{failed}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

interface Bar {
  kind: "completed" | "failed" | "rest";
  y: number;
  height: number;
}

/** From the foot up; together as high as the accepted ones are of `most`. */
export function stacked({ accepted, completed, failed }: Hour, most: number): Bar[] {
  const parts = { completed, failed, rest: Math.max(0, accepted - completed - failed) };
  let top = HEIGHT;
  return (Object.keys(parts) as Bar["kind"][]).map((kind) => {
    const height = (parts[kind] / most) * HEIGHT;
    top -= height;
    return { kind, y: top, height };
  });
}
