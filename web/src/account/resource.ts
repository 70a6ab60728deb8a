/** What a section of the account shows: loaded once, and again after a change. */
import { useEffect, useState } from "preact/hooks";
import { json } from "../session/api";

export interface Resource<T> {
  value: T | null;
  failure: unknown;
  reload: () => Promise<void>;
}

export function useResource<T>(path: string): Resource<T> {
  const [value, setValue] = useState<T | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const reload = async (): Promise<void> => {
    try {
      setValue(await json<T>(path));
      setFailure(null);
    } catch (error) {
      setFailure(error);
    }
  };
  useEffect(() => void reload(), [path]);
  return { value, failure, reload };
}
