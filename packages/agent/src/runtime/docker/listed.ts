import type { ContainerInfo, ContainerInspectInfo } from 'dockerode'

/** What the engine's list alone tells of a container, in the words of an inspection: its labels, name and whether it runs. */
export function inspectionOfListed(listed: ContainerInfo): ContainerInspectInfo {
  const ended = { ExitCode: 0, OOMKilled: false, Error: '', FinishedAt: '' }
  return {
    Id: listed.Id,
    Name: listed.Names[0] ?? '',
    Created: new Date(listed.Created * 1000).toISOString(),
    Image: listed.ImageID,
    LogPath: '',
    Config: { Labels: listed.Labels, Image: listed.Image, Tty: false },
    State: { Status: listed.State, Pid: 0, StartedAt: '', ...ended },
    HostConfig: { NetworkMode: listed.HostConfig.NetworkMode },
  } as unknown as ContainerInspectInfo
}
