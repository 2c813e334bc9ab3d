export async function purgeThisHost(_home: string): Promise<void> {}
