/** How an agent runs as a container beside the engine that it drives: what docker-compose.yml says, as the engine's API takes it. */

/** Built by scripts/agent-image.ts: programs only, the tree is mounted. */
export const AGENT_IMAGE = 'skiff/agent-programs:1'

export interface AgentContainer {
  readonly home: string
  /** The agent's directory: at the same path outside, since the engine resolves bind mounts there. */
  readonly dataDir: string
  /** The built tree, mounted read-only. */
  readonly root: string
  readonly dockerSocket: string
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Runs once to its end; without it, it is started again and at each boot. */
  readonly once?: boolean
  /** Another one than the running container's means that it is out of date. */
  readonly stamp: string
}

export const HOME_LABEL = 'dev.skiff/home'
export const STAMP_LABEL = 'dev.skiff/stamp'
const CAPABILITIES = ['NET_ADMIN', 'SYS_ADMIN', 'SYS_PTRACE']
const LOG_OPTIONS = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } }

/** The body of `POST /containers/create`. */
export function agentContainerOptions({ home, dataDir, root, dockerSocket, command, env, once = false, stamp }: AgentContainer) {
  return {
    Image: AGENT_IMAGE,
    Cmd: [...command],
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    WorkingDir: '/',
    StopTimeout: 45,
    Labels: { [HOME_LABEL]: home, [STAMP_LABEL]: stamp },
    HostConfig: {
      NetworkMode: 'host',
      PidMode: 'host',
      CapAdd: CAPABILITIES,
      SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined', 'label=disable'],
      // It sets the host's ip_forward and its links' route_localnet.
      MaskedPaths: [],
      ReadonlyPaths: [],
      RestartPolicy: { Name: once ? 'no' : 'unless-stopped' },
      LogConfig: LOG_OPTIONS,
      Mounts: [
        bind(root, { ReadOnly: true }),
        bind(dockerSocket),
        // The engine must see the tmpfs and bind mounts that the agent makes for volumes.
        bind(dataDir, { BindOptions: { Propagation: 'rshared' } }),
      ],
    },
  }
}

function bind(path: string, more: object = {}): object {
  return { Type: 'bind', Source: path, Target: path, ...more }
}
