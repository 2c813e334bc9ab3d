import { expect, test } from 'vitest'
import { cgroupParentOf } from './cgroup-parent.ts'

const ID = 'a'.repeat(64)

test.for([
  ['cgroupfs', `9:name=systemd:/docker/${ID}\n4:memory:/docker/${ID}\n1:cpu,cpuacct:/docker/${ID}\n0::/\n`, '/docker'],
  ['cgroupfs', `0::/hosts/one/${ID}\n`, '/hosts/one'],
  ['cgroupfs', `0::/${ID}\n`, '/'],
  ['systemd', `0::/system.slice/docker-${ID}.scope\n`, 'system.slice'],
  ['systemd', `0::/a.slice/a-b.slice/docker-${ID}.scope\n`, 'a-b.slice'],
  ['systemd', `0::/user/docker-${ID}.scope\n`, undefined],
  ['cgroupfs', '', undefined],
] as const)('under %s a container in %j is in %s', ([driver, groups, expected]) => {
  expect(cgroupParentOf(groups, driver)).toBe(expected)
})
