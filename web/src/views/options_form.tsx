import { Field, Select } from "../parts/controls";
import { texts } from "../texts";
import { BIT_RATES, choose, FORMATS, LOSSLESS, options, secondsOf } from "../uploads/options";

export function OptionsForm() {
  const t = texts.value.options;
  const chosen = options.value;
  const lossless = LOSSLESS.has(chosen.format);
  return (
    <div class="options">
      <fieldset class="formats">
        <legend>{t.format}</legend>
        {FORMATS.map((format) => (
          <label key={format}>
            <input type="radio" name="format" value={format} checked={chosen.format === format} onChange={() => choose({ format })} />
            <span>{format === "opus" ? "Opus" : format.toUpperCase()}</span>
          </label>
        ))}
      </fieldset>
      <Select label={t.bitrate} value={lossless ? "" : chosen.bitrate} disabled={lossless} onChange={(bitrate) => choose({ bitrate })}
        choices={[["", lossless ? t.lossless : t.automatic], ...BIT_RATES.map((rate) => [rate, `${rate.slice(0, -1)} kbit/s`] as const)]} />
      <details>
        <summary>{t.more}</summary>
        <div class="more-options">
          <Select label={t.channels} value={chosen.channels} onChange={(channels) => choose({ channels })}
            choices={[["", t.asSource], ["1", t.mono], ["2", t.stereo]]} />
          <Select label={t.loudness} value={chosen.loudness} onChange={(loudness) => choose({ loudness })}
            choices={[["", t.asSource], ...["-14", "-16", "-23"].map((each) => [each, t.loudnesses[each] ?? each] as const)]} />
          <Select label={t.cover} value={chosen.format === "wav" ? "none" : chosen.cover} disabled={chosen.format === "wav"}
            onChange={(cover) => choose({ cover })} choices={["", "auto", "none"].map((each) => [each, t.covers[each] ?? each] as const)} />
          <TimeField label={t.start} value={chosen.start} onInput={(start) => choose({ start })} />
          <TimeField label={t.end} value={chosen.end} onInput={(end) => choose({ end })} />
        </div>
      </details>
    </div>
  );
}

function TimeField({ label, value, onInput }: { label: string; value: string; onInput: (value: string) => void }) {
  const t = texts.value.options;
  const wrong = value.trim() !== "" && secondsOf(value) === "";
  return <Field label={label} value={value} onInput={onInput} hint={t.timeHint} error={wrong ? t.timeWrong : undefined} input={{ autocomplete: "off" }} />;
}
