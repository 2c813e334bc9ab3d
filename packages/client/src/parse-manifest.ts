import { parse } from 'yaml'

/** One object out of YAML or JSON. Throws an Error that says where the text is no such thing. */
export function parseManifest(text: string): unknown {
  return parse(text)
}
