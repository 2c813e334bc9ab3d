import type { KubeObject, TypeSchema } from '@skiff/api'
export interface TrackedUpdate { readonly old: KubeObject | undefined; readonly new: KubeObject; readonly manager: string; readonly operation: 'Update'; readonly apiVersion: string; readonly schema: TypeSchema | undefined; readonly subresource: string; readonly now: Date }
export function trackUpdate(_update: TrackedUpdate): void {}
export interface Applied { readonly live: KubeObject | undefined; readonly config: KubeObject; readonly manager: string; readonly force: boolean; readonly schema: TypeSchema; readonly apiVersion: string; readonly subresource: string; readonly now: Date }
export function serverSideApply({ live, config }: Applied): KubeObject {
  return { ...structuredClone(live ?? config), ...config, metadata: { ...live?.metadata, ...config.metadata } }
}
