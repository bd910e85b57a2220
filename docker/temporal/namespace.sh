#!/bin/sh
# Makes the namespace of the transfers when it is missing. The worker adds the search attributes to it.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where and which; RETENTION how long closed workflows are kept.
set -eu

until temporal operator cluster health; do
  sleep 1
done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
