/** The pod asks for something that isn't there (yet): the container waits with CreateContainerConfigError and is tried again. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}
