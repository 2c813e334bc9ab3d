import { expect, test } from 'vitest'
import { explainMissing } from './required-programs.ts'

test('what is missing is in a package', () => {
  expect(explainMissing(['ip', 'conntrack'], '/usr/sbin:/usr/bin')).toEqual({
    problem: 'ip, conntrack are not found in PATH (/usr/sbin:/usr/bin)',
    cure: 'apt-get install iproute2 conntrack',
  })
})

test('or, after a plain su, in a folder that is not looked into', () => {
  expect(explainMissing(['nft'], '/usr/local/bin:/usr/bin:/bin')).toEqual({
    problem: 'nft is not found in PATH (/usr/local/bin:/usr/bin:/bin)',
    cure: 'become root by "su -" or sudo, so that PATH has /usr/sbin, or apt-get install nftables',
  })
})
