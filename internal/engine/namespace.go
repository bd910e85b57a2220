// The namespace and its search attributes. They are written before the server starts, as the server's own set-up of its
// system namespace is: every service then knows them from its first moment, and nothing has to wait for caches.

package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	persistencespb "go.temporal.io/server/api/persistence/v1"
	"go.temporal.io/server/common"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/serialization"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/common/searchattribute/sadefs"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

const defaultRetention = 72 * time.Hour

// ensureNamespace makes the namespace, or adds to it what is missing.
func ensureNamespace(ctx context.Context, database *config.SQL, o Options, logger log.Logger) error {
	serializer := serialization.NewSerializer()
	factory := sql.NewFactory(*database, resolver.NewNoopResolver(), clusterName, logger, metrics.NoopMetricsHandler, serializer)
	defer factory.Close()
	store, err := factory.NewMetadataStore()
	if err != nil {
		return fmt.Errorf("the namespaces of Temporal cannot be read: %w", err)
	}
	manager := persistence.NewMetadataManagerImpl(store, serializer, logger, clusterName)
	if err := createOrUpdate(ctx, manager, o); err != nil {
		return fmt.Errorf("the namespace %q cannot be prepared: %w", o.Namespace, err)
	}
	return nil
}

func createOrUpdate(ctx context.Context, manager persistence.MetadataManager, o Options) error {
	stored, err := manager.GetNamespace(ctx, &persistence.GetNamespaceRequest{Name: o.Namespace})
	var missing *serviceerror.NamespaceNotFound
	if errors.As(err, &missing) {
		return create(ctx, manager, o)
	}
	if err != nil {
		return err
	}
	return update(ctx, manager, stored, o)
}

func create(ctx context.Context, manager persistence.MetadataManager, o Options) error {
	detail := newNamespace(o.Namespace)
	if err := apply(o, detail.Config); err != nil {
		return err
	}
	_, err := manager.CreateNamespace(ctx, &persistence.CreateNamespaceRequest{Namespace: detail})
	return err
}

func update(ctx context.Context, manager persistence.MetadataManager, stored *persistence.GetNamespaceResponse, o Options) error {
	before := proto.Clone(stored.Namespace.Config)
	if err := apply(o, stored.Namespace.Config); err != nil {
		return err
	}
	if proto.Equal(before, stored.Namespace.Config) {
		return nil
	}
	stored.Namespace.ConfigVersion++
	metadata, err := manager.GetMetadata(ctx)
	if err != nil {
		return err
	}
	return manager.UpdateNamespace(ctx, &persistence.UpdateNamespaceRequest{
		Namespace:           stored.Namespace,
		IsGlobalNamespace:   stored.IsGlobalNamespace,
		NotificationVersion: metadata.NotificationVersion,
	})
}

func newNamespace(name string) *persistencespb.NamespaceDetail {
	return &persistencespb.NamespaceDetail{
		Info: &persistencespb.NamespaceInfo{
			Id:    uuid.NewString(),
			Name:  name,
			State: enumspb.NAMESPACE_STATE_REGISTERED,
		},
		Config: &persistencespb.NamespaceConfig{
			Retention:               durationpb.New(defaultRetention),
			HistoryArchivalState:    enumspb.ARCHIVAL_STATE_DISABLED,
			VisibilityArchivalState: enumspb.ARCHIVAL_STATE_DISABLED,
		},
		ReplicationConfig: &persistencespb.NamespaceReplicationConfig{
			ActiveClusterName: clusterName,
			Clusters:          []string{clusterName},
		},
		FailoverVersion:             common.EmptyVersion,
		FailoverNotificationVersion: -1,
	}
}

func apply(o Options, conf *persistencespb.NamespaceConfig) error {
	if o.Retention > 0 {
		conf.Retention = durationpb.New(o.Retention)
	}
	columns, err := addSearchAttributes(conf.CustomSearchAttributeAliases, o.SearchAttributes)
	conf.CustomSearchAttributeAliases = columns
	return err
}

// addSearchAttributes gives every wanted attribute that is not yet there one of the columns the database has for its
// type. aliases maps columns to attributes.
func addSearchAttributes(aliases map[string]string, wanted map[string]enumspb.IndexedValueType) (map[string]string, error) {
	columns := sadefs.GetDBIndexSearchAttributes(nil).CustomSearchAttributes
	result := map[string]string{}
	present := map[string]enumspb.IndexedValueType{}
	for column, attribute := range aliases {
		result[column] = attribute
		present[attribute] = columns[column]
	}
	for _, attribute := range slices.Sorted(maps.Keys(wanted)) {
		want := wanted[attribute]
		if is, ok := present[attribute]; ok && is != want {
			return nil, fmt.Errorf("its search attribute %s is of type %s and not %s: rename one of them", attribute, is, want)
		} else if ok {
			continue
		}
		column := freeColumn(columns, result, want)
		if column == "" {
			return nil, fmt.Errorf("no room for the search attribute %s: there are too many of type %s", attribute, want)
		}
		result[column] = attribute
	}
	return result, nil
}

// freeColumn is the first unused column of the type, empty when all are taken.
func freeColumn(columns map[string]enumspb.IndexedValueType, used map[string]string, want enumspb.IndexedValueType) string {
	for _, column := range slices.Sorted(maps.Keys(columns)) {
		if _, taken := used[column]; !taken && columns[column] == want {
			return column
		}
	}
	return ""
}
