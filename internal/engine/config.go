// How the server is set up: four services in one process, one node, sized for a machine that also runs the worker.

package engine

import (
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
)

// clusterName is part of what is stored, so it never changes. It is the name the Temporal CLI uses as well.
const clusterName = "active"

func newServer(p ports, s stores, logger log.Logger) (temporal.Server, error) {
	conf := serverConfig(p, s)
	return temporal.NewServer(
		temporal.WithConfig(conf),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts(p)),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return authorization.NewNoopClaimMapper() }),
		temporal.WithDynamicConfigClient(dynamicConfig()),
	)
}

// dynamicConfig holds what differs from the server's defaults.
func dynamicConfig() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// The only call to the outside the server would make.
		dynamicconfig.EnableServerVersionCheck.Key(): false,

		// One node gains nothing from splitting a task queue, and every partition is polled.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		// One large transfer must not hold up the small ones behind it.
		dynamicconfig.MatchingEnableFairness.Key(): true,

		// Namespaces never change behind this server's back; the default of two seconds is for clusters.
		dynamicconfig.NamespaceCacheRefreshInterval.Key(): 30 * time.Second,

		// The index is written within a second here, so it is soon certain that no run needs a worker version any more; the
		// defaults of three minutes are for clusters.
		dynamicconfig.VersionDrainageStatusVisibilityGracePeriod.Key(): 10 * time.Second,
		dynamicconfig.VersionDrainageStatusRefreshInterval.Key():       10 * time.Second,

		// The default limits share a cluster between tenants. Here there is one tenant, and the machine is the limit.
		dynamicconfig.FrontendRPS.Key():                                  100_000,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():           100_000,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 1_000,
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                    100_000,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                     100_000,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():                    100_000,
	}
}

func serverConfig(p ports, s stores) *config.Config {
	disabled := "disabled"
	return &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: loopback},
		},
		Persistence:         s.persistence(),
		ClusterMetadata:     clusterMetadata(p),
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services(p),
		PublicClient:        config.PublicClient{HostPort: hostPort(p.frontend)},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: disabled},
			Visibility: config.VisibilityArchival{State: disabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: disabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: disabled},
		}},
	}
}

func clusterMetadata(p ports) *cluster.Config {
	return &cluster.Config{
		FailoverVersionIncrement: 10,
		MasterClusterName:        clusterName,
		CurrentClusterName:       clusterName,
		ClusterInformation: map[string]cluster.ClusterInformation{
			clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: hostPort(p.frontend)},
		},
	}
}

func services(p ports) map[string]config.Service {
	services := map[string]config.Service{}
	for name, port := range p.byService() {
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopback}}
	}
	return services
}

// hosts names every service's only host, in place of the gossip a cluster needs to find them.
func hosts(p ports) map[primitives.ServiceName]static.Hosts {
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, port := range p.byService() {
		hosts[name] = static.SingleLocalHost(hostPort(port))
	}
	return hosts
}

func (p ports) byService() map[primitives.ServiceName]int {
	return map[primitives.ServiceName]int{
		primitives.FrontendService: p.frontend,
		primitives.HistoryService:  p.history,
		primitives.MatchingService: p.matching,
		primitives.WorkerService:   p.worker,
	}
}
