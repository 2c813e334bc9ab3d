export async function removeAgentContainer(_home: string, _dockerHost: string): Promise<boolean> { return false }
