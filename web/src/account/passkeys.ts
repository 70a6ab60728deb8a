/** Passkeys (WebAuthn level 3), which browsers have on https and on `localhost`, and never at an IP address. */
import { json } from "../session/api";

export function hasPasskeys(): boolean {
  const isName = !/^[\d.]+$|:/.test(location.hostname);
  return isName && typeof PublicKeyCredential !== "undefined" && "parseCreationOptionsFromJSON" in PublicKeyCredential;
}

/** The answer of a passkey to `options` of the server, as JSON. */
export async function answer(options: PublicKeyCredentialRequestOptionsJSON): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return asJson(await navigator.credentials.get({ publicKey }));
}

export async function create(): Promise<unknown> {
  const options = await json<PublicKeyCredentialCreationOptionsJSON>("v1/auth/factors/passkeys/options", { method: "POST" });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return asJson(await navigator.credentials.create({ publicKey }));
}

function asJson(credential: Credential | null): unknown {
  if (!(credential instanceof PublicKeyCredential)) throw new Error("no passkey");
  return credential.toJSON();
}
