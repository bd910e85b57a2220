package webhook

import "slices"

// Below privileged are the ports of services that a machine has for itself and others. Of them only those of HTTP are called.
const privileged = 1024

var ofHTTP = []uint16{80, 443}

// otherwise are the ports from privileged up that are known for services which could take what we send for something else. Browsers refuse
// the first of them for that reason; the others belong to databases, caches, queues and machines' control.
var otherwise = []uint16{
	1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
	1433, 1521, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 4222, 5432, 5672, 5900, 5985, 5986, 6379, 7233, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 27017,
}

// callable tells whether the port is one where endpoints of the public internet are called.
func callable(port uint16) bool {
	if port < privileged {
		return slices.Contains(ofHTTP, port)
	}
	return !slices.Contains(otherwise, port)
}
