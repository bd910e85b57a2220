package serving

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"handover/config"
	"handover/internal/codecserver"
	"handover/internal/identity"
)

// registerCodec serves the codec to the platform's operators, where the settings name them. Error: a role that partners have.
func registerCodec(mux *http.ServeMux, settings config.Config, tokens codecserver.Tokens, logger *zap.Logger) error {
	codec := settings.Codec
	if codec.Tenant == "" {
		return nil
	}
	if _, partners := identity.ParseRole(codec.Role); partners {
		return errors.New("HANDOVER_CODEC_ROLE must be a role of its own, not one that partners have here")
	}
	var origins []string
	if codec.Origin != "" {
		origins = append(origins, codec.Origin)
	}
	codecserver.Register(mux, codecserver.Options{
		Codec: settings.Payloads.EncryptionKeys.Codec(), Access: codecserver.Operators(tokens, codec.Tenant, codec.Role, logger),
		Origins: origins, Encode: codec.Encode,
		RequestsPerSecond: settings.API.RequestsPerSecond, Burst: settings.API.Burst,
	})
	return nil
}
