import { useId } from "preact/hooks";
import { Field, Select } from "../parts/controls";
import { texts } from "../texts";
import { BIT_RATES, FORMATS, LOSSLESS, LOUDNESSES, type Options, secondsOf } from "../uploads/options";
import { PresetSelect, SavePresetButton } from "./preset_choice";

/** Those of one video alone, and what concerns the page, are not part of a preset. */
const BESIDE_PRESETS: ReadonlySet<string> = new Set(["start", "end", "video"]);

/** `isForVideos`: of videos that are not sent yet. */
export function OptionsForm({ chosen, onChange: take, isForVideos = false }: { chosen: Options; onChange: (change: Partial<Options>) => void; isForVideos?: boolean }) {
  const t = texts.value.options;
  const group = useId();
  const onChange = (change: Partial<Options>): void =>
    take(Object.keys(change).every((name) => BESIDE_PRESETS.has(name)) ? change : { ...change, preset: "" });
  const lossless = LOSSLESS.has(chosen.format);
  return (
    <div class="options">
      <fieldset class="formats">
        <legend>{t.format}</legend>
        {FORMATS.map((format) => (
          <label key={format}>
            <input type="radio" name={group} value={format} checked={chosen.format === format} onChange={() => onChange({ format })} />
            <span>{format === "opus" ? "Opus" : format.toUpperCase()}</span>
          </label>
        ))}
      </fieldset>
      <Select label={t.bitrate} value={lossless ? "" : chosen.bitrate} disabled={lossless} onChange={(bitrate) => onChange({ bitrate })}
        choices={[["", lossless ? t.lossless : t.automatic], ...BIT_RATES.map((rate) => [rate, `${rate.slice(0, -1)} kbit/s`] as const)]} />
      <PresetSelect chosen={chosen} onChange={take} />
      <details>
        <summary>{t.more}</summary>
        <div class="more-options">
          <Select label={t.channels} value={chosen.channels} onChange={(channels) => onChange({ channels })}
            choices={[["", t.asSource], ["1", t.mono], ["2", t.stereo]]} />
          <Select label={t.loudness} value={chosen.loudness} onChange={(loudness) => onChange({ loudness })}
            choices={[["", t.asSource], ...LOUDNESSES.map((each) => [each, t.loudnesses[each] ?? each] as const)]} />
          <Select label={t.cover} value={chosen.format === "wav" ? "none" : chosen.cover} disabled={chosen.format === "wav"}
            onChange={(cover) => onChange({ cover })} choices={["", "auto", "none"].map((each) => [each, t.covers[each] ?? each] as const)} />
          <TimeField label={t.start} value={chosen.start} onInput={(start) => onChange({ start })} />
          <TimeField label={t.end} value={chosen.end} onInput={(end) => onChange({ end })} />
          {isForVideos && (
            <div class="checks"><label>
              <input type="checkbox" checked={chosen.video === "whole"} onChange={(event) => onChange({ video: event.currentTarget.checked ? "whole" : "" })} />
              {t.whole}
            </label></div>
          )}
          <SavePresetButton chosen={chosen} onSaved={take} />
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
